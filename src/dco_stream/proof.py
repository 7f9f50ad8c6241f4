"""Proves a follower by what is kept: at the transaction where it rests, a restore must hold the same.

Neither is live meanwhile: the follower rests because nobody carries to it, and the restore is private. So the server
that serves is not touched, and what is proved is at once the follower and the backup.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from dco_stream import installation, restore
from dco_stream.archive.archive import Archive
from dco_stream.compare import story
from dco_stream.compare.connection import Connection
from dco_stream.compare.verdict import Verdict
from dco_stream.errors import Refused
from dco_stream.proving import private
from dco_stream.references import Login
from dco_stream.restore import Neo4j
from dco_stream.server import Server
from dco_stream.state import Kept

REST_SECONDS = 6.0
"""So long a follower must have stood still: a stream that still carries would have moved it, or have said so."""
PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.5
Say = Callable[[str], None]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which server is proved, by which Neo4j, in which empty directory, and what it must answer true."""

    server: str
    login: Login
    key: bytes
    neo4j: Neo4j
    into: Path
    invariants: dict[str, str] = {}
    address: str = "127.0.0.1"
    """Where the restored server listens meanwhile."""


def prove(archive: Archive, wish: Wish, say: Say) -> Verdict:
    """Restore to where the follower rests, let Neo4j check it, and compare. The directory is to be thrown away.

    Raises `Refused` when the follower does not rest, or what is kept does not reach as far.
    """
    follower = Server(wish.server, wish.login, wish.key)
    try:
        last = _at_rest(follower, archive, say)
        _await_kept(archive, last, say)
        choice = restore.choose(archive, None)
        version = installation.demand_fitting(wish.neo4j, choice.manifest)
        installation.demand_room(wish.into, choice)
        with private(wish.into, wish.neo4j, version, wish.address) as home:
            restore.make(archive, choice, wish.neo4j, home.home, None, say, last=last)
            home.check_all(choice.manifest.parts, say)
            with home.started(wish.login) as restored:
                sides = (Connection("the restore", restored, say), Connection("the follower", follower, say))
                options = story.Options(share=1.0, invariants=wish.invariants, directory=wish.into)
                return story.compare(*sides, options, say)
    finally:
        follower.close()


def _at_rest(follower: Server, archive: Archive, say: Say) -> dict[str, int]:
    """Wait until a server has stood still for a while; return the last transaction of each of its databases."""
    say("waiting until the follower rests")
    deadline = time.monotonic() + PATIENCE_SECONDS
    found: dict[str, int] = {}
    since = time.monotonic()
    while time.monotonic() < deadline:
        now = {name: follower.line(name).status().transaction for name in ("neo4j", "system")}
        if now != found or _is_carried_to(archive, follower.uri):
            found, since = now, time.monotonic()
        elif time.monotonic() - since >= REST_SECONDS:
            return found
        time.sleep(_LOOK_SECONDS)
    raise Refused(f"{follower.uri} does not rest", "let the stream carry to nobody meanwhile")


def _is_carried_to(archive: Archive, uri: str) -> bool:
    state = archive.state()
    return state is not None and state.follower == uri


def _await_kept(archive: Archive, last: dict[str, int], say: Say) -> None:
    """Wait until what is kept reaches as far."""
    say("waiting until the backup reaches as far")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _reaches(archive.kept(), last):
        if time.monotonic() > deadline:
            raise Refused(f"the backup does not reach transaction {last['neo4j']}", "look at `dco backup status`")
        time.sleep(_LOOK_SECONDS)


def _reaches(kept: Mapping[str, Kept], last: Mapping[str, int]) -> bool:
    return all(name in kept and kept[name].transaction >= transaction for name, transaction in last.items())
