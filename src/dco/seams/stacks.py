"""Terraform."""

from pathlib import Path
from typing import Protocol

from dco.model.environment import Stack
from dco.model.stackplan import StackPlan


class Stacks(Protocol):
    """Terraform roots in exported directories; `root` is the directory of the repository's export."""

    def plan(self, stack: Stack, root: Path, file: Path, *, lock: bool = False) -> StackPlan:
        """Initialise and plan; save the plan to a file that only we can read.

        Raises `ConfigurationError` naming file and line for what does not parse or a provider that is missing, and
        `Unreadable` naming the holder and since when for a state lock held by someone else.
        """
        ...

    def apply(self, stack: Stack, root: Path, file: Path) -> None:
        """Apply exactly a saved plan. Raises `Refused` when it is stale, else `StepFailed` with Terraform's words."""
        ...

    def serial(self, stack: Stack, root: Path) -> int:
        """Return the serial of the current state."""
        ...
