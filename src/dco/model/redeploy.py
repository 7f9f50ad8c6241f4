"""A redeploy of databases: what is wanted, and the bake, in which going back still loses nothing."""

from typing import Literal

import msgspec

from dco.model.slot import Slot


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a database shall run: the machine image, and the version of Neo4j that it ships."""

    image: str
    version: str


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One database that was moved: its slot before and since, and the addresses of both servers."""

    before: Slot
    since: Slot
    left: str
    """The address of the server that served before; it follows now."""
    serving: str


class Bake(msgspec.Struct, frozen=True, kw_only=True):
    """The time after a switch. While `ended` is empty, going back is one command and loses nothing."""

    redeploy: str
    """The id of the redeploy that began it."""
    switch: str
    databases: dict[str, Moved]
    since: str
    until: str
    failed_sessions: dict[str, int] = {}
    """Gate's address → how many sessions had failed there when it began."""
    alarms: tuple[str, ...] = ()
    """Alarms that rang before the switch: they say nothing against it."""
    seconds: dict[str, float] = {}
    """Gate's address → how long a transaction took there before, on average."""
    ended: Literal["", "kept", "gone back"] = ""
    why: str = ""
    at: str = ""
    """When it ended."""
