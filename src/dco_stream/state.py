"""How a database's stream stands, as a value that is kept in the bucket and shown to people."""

import threading
from datetime import UTC, datetime
from typing import Any

import msgspec


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """How far a log is in the bucket: all until `transaction`, closed before `until` (ISO 8601)."""

    series: str
    transaction: int
    until: str
    risk_seconds: float
    """How long ago that was when this was said."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """How far a follower has got, and how far it is behind."""

    transaction: int
    behind: int
    behind_seconds: float
    applied: int


class PartState(msgspec.Struct, frozen=True, kw_only=True):
    """One database of the server: its log's size, what is kept of it, and who follows it."""

    log_bytes: int = 0
    kept: Kept | None = None
    followed: Followed | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it. `by` is the process that says so."""

    database: str
    by: str
    at: str
    source: str = ""
    follower: str | None = None
    base: str | None = None
    """The newest finished copy."""
    copying: str | None = None
    """How a copy that is under way stands, as a sentence."""
    parts: dict[str, PartState] = {}
    troubles: dict[str, str] = {}
    """What is wrong, by the worker that says so."""


class Board:
    """Where the stream's workers write how they stand; may be used by any thread."""

    def __init__(self, database: str, by: str) -> None:
        self._lock = threading.Lock()
        self._state = State(database=database, by=by, at=iso(datetime.now(UTC)))

    def read(self) -> State:
        """Give the state as it is now."""
        with self._lock:
            return msgspec.structs.replace(self._state, at=iso(datetime.now(UTC)))

    def note(self, **fields: Any) -> None:
        """Change something about the database."""
        with self._lock:
            self._state = msgspec.structs.replace(self._state, **fields)

    def note_part(self, part: str, **fields: Any) -> None:
        """Change something about one of its parts."""
        with self._lock:
            new = msgspec.structs.replace(self._state.parts.get(part, PartState()), **fields)
            self._state = msgspec.structs.replace(self._state, parts={**self._state.parts, part: new})

    def trouble(self, worker: str, sentence: str | None) -> None:
        """Tell what is wrong with a worker, or that nothing is any more."""
        with self._lock:
            others = {name: said for name, said in self._state.troubles.items() if name != worker}
            troubles = {**others, worker: sentence} if sentence else others
            self._state = msgspec.structs.replace(self._state, troubles=troubles)


def iso(moment: datetime) -> str:
    """Write a time as ISO 8601 with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_of_millis(millis: int) -> str:
    """Write milliseconds since 1970 as ISO 8601."""
    return iso(datetime.fromtimestamp(millis / 1000, UTC))
