"""Terraform."""

from pathlib import Path
from typing import Any, Protocol

import msgspec

from dco.model.environment import Stack


class StackPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What Terraform would do, from its own plan JSON."""

    changed: bool
    file: str
    """The saved plan; applying it does exactly this or nothing."""
    serial: int
    """The state's serial that it was made against."""
    resource_changes: tuple[dict[str, Any], ...] = ()
    """`resource_changes` of the plan JSON that are not no-ops, sensitive values masked."""
    drift: tuple[dict[str, Any], ...] = ()
    """`resource_drift` of the plan JSON, masked."""
    data_sources: dict[str, str] = {}
    """Data source address → fingerprint of what it resolved to."""
    meaning: str = ""
    """Fingerprint of all the changes: equal for plans that would do the same."""


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
