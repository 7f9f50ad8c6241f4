"""`workflow.accept`: takes note of a changed workflow that a person has looked at; changes nothing."""

from dataclasses import dataclass
from typing import Any

from dco.model.plan import Step
from dco.operations.operation import Facts


@dataclass(frozen=True)
class WorkflowAccept:
    """A workflow takes effect when it is merged; what is left to do is to have it looked at and recorded."""

    name: str = "workflow.accept"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Nothing needs to be known for the undo."""
        del step, done
        return {}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Begin nothing."""
        del step, before, token
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """It is part of the release record from the end of the night on."""
        del step, before, begun
        return {}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Nothing was changed."""
