"""Commands on the machines themselves, for what no API does."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Ran(msgspec.Struct, frozen=True):
    """How a command on a machine ended. AWS keeps the first 24,000 signs of what it said, 8,000 of its complaints."""

    code: int
    out: str
    err: str


class Hosts(Protocol):
    """Machines by their instance ids. Raises `Unreadable` when AWS did not tell, `StepFailed` when it refuses."""

    def is_online(self, instance: str) -> bool:
        """Tell whether commands reach a machine."""
        ...

    def begin(self, instance: str, script: str, files: Mapping[str, bytes], seconds: int, token: str) -> str:
        """Begin a shell script as root and return the command's id.

        `files` lie in the directory `$files` by their names, each as it was sent or the script does not begin. A token
        begins one command while AWS remembers it (30 days).
        """
        ...

    def ended(self, instance: str, command: str) -> Ran | None:
        """Return how a command ended; None while it runs."""
        ...

    def forget(self, files: Mapping[str, bytes]) -> None:
        """Delete what was kept for machines to fetch. May be called again."""
        ...
