"""Whose a state lock is that an apply of ours left: both dco and terraform died, and nobody else may take it away."""

import os
import pwd
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from dco.providers.terraform.words import Holder

WITHIN = timedelta(seconds=60)
"""Terraform takes its lock within this time of being started."""


class Applying:
    """Notes in a file when our applies began, until one ends in an orderly way."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def begun(self) -> list[datetime]:
        """Return when applies began that never answered: none, or one for each time that we died in the middle."""
        if not self._file.exists():
            return []
        return msgspec.json.decode(self._file.read_bytes(), type=list[datetime])

    def begin(self) -> None:
        """Note that an apply begins now, before terraform is started."""
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode([*self.begun(), datetime.now(UTC)]))
        fresh.replace(self._file)

    def end(self) -> None:
        """Note that terraform has answered: a lock that stands now is not ours."""
        self._file.unlink(missing_ok=True)


def is_ours(holder: Holder, begun: list[datetime]) -> bool:
    """Tell whether a lock was taken by one of the applies that began then and never answered.

    To be asked only while none of our terraforms runs. It is when this user took it on this machine right after.
    """
    if holder.who != f"{_user()}@{socket.gethostname()}":
        return False
    created = datetime.fromisoformat(holder.created).replace(tzinfo=UTC)
    return any(since - timedelta(seconds=1) <= created <= since + WITHIN for since in begun)


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""
