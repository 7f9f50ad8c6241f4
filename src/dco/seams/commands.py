"""Programs on this machine."""

from typing import Protocol

import msgspec


class CommandState(msgspec.Struct, frozen=True, kw_only=True):
    """A command: whether it still runs and how it ended. `exit_code` is None while it runs, or when it was killed."""

    running: bool
    exit_code: int | None = None
    log: tuple[str, ...] = ()
    """The last lines that it wrote."""


class Commands(Protocol):
    """Commands that outlive this process and are found again by their token."""

    def start(self, command: list[str], token: str) -> None:
        """Start a command; the same token never starts a second one, also after this process was killed."""
        ...

    def state(self, token: str) -> CommandState:
        """Read the state of the command started under a token."""
        ...

    def stop(self, token: str) -> None:
        """End a command and all that it started; one that has ended is fine."""
        ...

    def running(self, prefix: str) -> tuple[str, ...]:
        """Return the tokens with a prefix whose commands run now."""
        ...
