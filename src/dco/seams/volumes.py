"""Snapshots of servers' data volumes."""

from collections.abc import Mapping
from typing import Protocol


class Volumes(Protocol):
    """What a volume holds, at one moment. Raises `Unreadable` when AWS did not tell, `StepFailed` when it refuses."""

    def snapshot(self, tags: Mapping[str, str], token: str) -> str:
        """Begin a snapshot of the one volume with these tags and return its id; its moment is over when this returns.

        A token makes one snapshot. Raises `StepFailed` when there is not exactly one such volume.
        """
        ...

    def is_complete(self, snapshot: str) -> bool:
        """Tell whether volumes can be made from a snapshot. Raises `StepFailed` when it failed."""
        ...

    def forget(self, token: str) -> None:
        """Delete the snapshot of a token, if there is one. What was made from it stays."""
        ...
