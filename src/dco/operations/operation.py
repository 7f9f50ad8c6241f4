"""The four verbs of every operation."""

from collections.abc import Mapping
from typing import Any, Protocol

from dco.model.plan import Step

Facts = Mapping[str, Any]
"""Plain JSON under names."""


class Operation(Protocol):
    """One kind of change to the world.

    The engine may run any verb twice, and may have died in between: each looks at the world first, and carries `token`,
    which is the step's own. Every verb raises `StepFailed` for what did not come true and `Unreadable` for what could
    not be asked.
    """

    @property
    def name(self) -> str:
        """What steps call it."""
        ...

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Look whether the step can be done and return all that `undo` needs to know of how things are now.

        `done` holds what earlier steps of the plan returned from `complete`, by their names. Changes nothing.
        """
        ...

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Begin; return what `complete` needs. The second time under a token it changes nothing."""
        ...

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Wait until the world shows that it is done; return the facts that later steps and the record need."""
        ...

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Bring back what `check` saw, and wait until the world shows it. Also when `start` never ran or half ran."""
        ...
