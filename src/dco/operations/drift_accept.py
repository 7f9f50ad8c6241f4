"""`drift.accept`: takes note of a drift that a person has looked at and wants to keep; changes nothing."""

from dataclasses import dataclass
from typing import Any

from dco.model.plan import Step
from dco.operations.operation import Facts


@dataclass(frozen=True)
class DriftAccept:
    """What drifted stays as it is; it is part of the release record from the end of the night on."""

    name: str = "drift.accept"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Nothing needs to be known for the undo."""
        del step, done
        return {}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Begin nothing."""
        del step, before, token
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """The record is written from what runs then."""
        del step, before, begun
        return {}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Nothing was changed."""
