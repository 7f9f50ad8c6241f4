"""How backups of a database stand, as `dco-stream` tells it. Times that are numbers are ms since 1970."""

from datetime import UTC, datetime

import msgspec


class Window(msgspec.Struct, frozen=True):
    """Every moment from `begin` to `end` can be restored, or, of a hole, none between them."""

    begin: int
    end: int

    def __str__(self) -> str:
        return f"{time_of(self.begin)} to {time_of(self.end)}"


class Kept(msgspec.Struct, frozen=True):
    """How far a log is kept."""

    transaction: int
    until: str
    risk_seconds: float


class Followed(msgspec.Struct, frozen=True):
    """How far a follower is behind."""

    behind: int
    behind_seconds: float


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One database of the server."""

    log_bytes: int = 0
    kept: Kept | None = None
    followed: Followed | None = None


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    """How a database's stream stood when it said so."""

    by: str
    at: str
    source: str = ""
    follower: str | None = None
    base: str | None = None
    copying: str | None = None
    parts: dict[str, Part] = {}
    troubles: dict[str, str] = {}


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy, its size in bytes, and what can be restored from it."""

    id: str
    taken: str
    neo4j: str
    size: int
    stored: int
    range: Window | None = None
    breaks: tuple[str, ...] = ()


class Broken(msgspec.Struct, frozen=True):
    """A copy that can't be used, and why."""

    id: str
    why: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Every copy, the times that can be restored, and those between them that can't."""

    database: str
    copies: tuple[Copy, ...]
    ranges: tuple[Window, ...]
    holes: tuple[Window, ...]
    unfinished: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()


class Harm(msgspec.Struct, frozen=True):
    """An object that is not as it was written."""

    key: str
    why: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found."""

    database: str
    at: str
    objects: int
    bytes: int
    seconds: float
    harm: tuple[Harm, ...] = ()
    broken_off: tuple[str, ...] = ()
    ranges: tuple[Window, ...] = ()
    holes: tuple[Window, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged or missing."""
        return not (self.harm or self.broken_off)


class RestoreWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be restored: until when (ISO 8601, or `latest`), into which data directory, by which Neo4j."""

    database: str
    at: str
    into: str
    neo4j: str
    plugin: str | None = None
    lift: bool = False
    skip_invariants: bool = False
    address: str | None = None


class ProofWish(msgspec.Struct, frozen=True, kw_only=True):
    """Which follower is to be compared with a restore, into which directory that is made, by which Neo4j."""

    database: str
    server: str
    into: str
    neo4j: str


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was made and proved."""

    database: str
    at: str
    base: str
    into: str
    neo4j: str
    checked: tuple[str, ...]
    compared: tuple[str, ...] = ()
    """Databases with the fingerprint that was known of that moment."""
    invariants: tuple[str, ...]
    fenced: bool
    seconds: float


def time_of(millis: int) -> str:
    """Write milliseconds since 1970 as ISO 8601."""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
