"""What a gate must know after it was started again: one small file a database, written whole or not at all."""

import os
from pathlib import Path

import msgspec

from dco_gate.bolt import Version
from dco_gate.errors import ConfigurationError


class Candidates(msgspec.Struct, frozen=True):
    """The two servers of a database between which a switch decides."""

    blue: str
    green: str


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that was confirmed and is not decided yet; `until` is its time box's end, in seconds since 1970."""

    switch: str
    candidates: dict[str, Candidates]
    until: float


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The server that serves, the switch that decided it, the hold under way, and the versions offered meanwhile."""

    serving: str
    switch: str | None = None
    hold: Hold | None = None
    versions: tuple[Version, ...] | None = None


def read(directory: Path, database: str) -> State | None:
    """Read a database's state; None if there never was one. Raises `ConfigurationError` when it can't be read."""
    file = _file(directory, database)
    try:
        return msgspec.json.decode(file.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(
            f"{file} can't be read: {error}", "see docs/gate.md, “When the state is lost”; never guess the server"
        ) from None


def write(directory: Path, database: str, state: State) -> None:
    """Put a state in the place of the one before, and on the disk before this returns."""
    file = _file(directory, database)
    draft = file.with_suffix(f".{os.getpid()}.new")
    with draft.open("wb") as opened:
        opened.write(msgspec.json.encode(state))
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _file(directory: Path, database: str) -> Path:
    return directory / f"{database}.json"
