"""Restores a database for people: refuses first what can't be done, proves what was made, then hands it out."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from dco_stream import fingerprints, installation, restore
from dco_stream.archive.archive import Archive
from dco_stream.compare.connection import Connection
from dco_stream.errors import Damaged, StreamError
from dco_stream.proving import Private, demand_true, private
from dco_stream.references import Login
from dco_stream.restore import Choice, Neo4j
from dco_stream.seed import demand_empty
from dco_stream.server import Server
from dco_stream.state import iso_of_millis

Say = Callable[[str], None]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be restored: until when (ms; None: all), into which data directory, and how it is proved."""

    until: int | None
    into: Path
    neo4j: Neo4j
    invariants: dict[str, str] = {}
    login: Login | None = None
    """Who asks the invariants and for fingerprints; there is one if there are invariants."""
    address: str = "127.0.0.1"
    """Where the private server listens meanwhile."""
    lift: bool = False
    """Let it take writes at its next start."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What was made and proved."""

    database: str
    at: str
    base: str
    into: str
    neo4j: str
    log_bytes: dict[str, int]
    checked: tuple[str, ...]
    compared: tuple[str, ...]
    """Databases that have the fingerprint which was known of their transaction."""
    invariants: tuple[str, ...]
    fenced: bool
    seconds: float


def offer(archive: Archive, wish: Wish, say: Say) -> Offered:
    """Restore, check, ask; lift the fence last, if that is wished.

    Raises before anything is changed what can be known before; later, with what is left and must be thrown away.
    """
    began = time.monotonic()
    choice = restore.choose(archive, wish.until)
    version = installation.demand_fitting(wish.neo4j, choice.manifest)
    demand_empty(wish.into, tuple(choice.manifest.parts))
    installation.demand_room(wish.into, choice)
    moment, size = iso_of_millis(choice.until), choice.manifest.size / 2**20
    say(f"restoring {archive.database} as of {moment} from the copy {choice.manifest.id}, {size:.1f} MB")
    with telling_what_is_left(wish.into), private(wish.into, wish.neo4j, version, wish.address) as home:
        made = restore.make(archive, choice, wish.neo4j, home.home, wish.until, say)
        home.check_all(choice.manifest.parts, say)
        compared = _ask(archive, choice, wish, home, say)
        if wish.lift:
            _lift(wish.into, tuple(choice.manifest.parts))
    return Offered(
        database=archive.database,
        at=iso_of_millis(choice.until),
        base=made.base,
        into=str(wish.into),
        neo4j=version,
        log_bytes=made.log_bytes,
        checked=tuple(choice.manifest.parts),
        compared=compared,
        invariants=tuple(wish.invariants),
        fenced=not wish.lift,
        seconds=round(time.monotonic() - began, 1),
    )


def _ask(archive: Archive, choice: Choice, wish: Wish, home: Private, say: Say) -> tuple[str, ...]:
    """Start it, if there is anything to ask; say of which databases the fingerprint is as it was."""
    known = fingerprints.known(archive, choice) if wish.login else {}
    if not wish.login or not (known or wish.invariants):
        return ()
    say("starting it privately, to ask it")
    with home.started(wish.login) as server:
        same = [name for name in known if _is_compared(archive, choice, name, known[name], server, say)]
        for name, cypher in wish.invariants.items():
            demand_true(server, name, cypher)
            say(f"{name}: holds")
    return tuple(same)


def _is_compared(archive: Archive, choice: Choice, name: str, known: frozenset[int], server: Server, say: Say) -> bool:
    connection = Connection(name, server, say, database=name)
    if connection.stand().transaction not in known:
        return False
    fingerprints.demand_same(archive, choice, name, connection)
    say(f"{name}: has the fingerprint that is known of it")
    return True


def _lift(data: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (data / "dco" / f"{name}.fence").unlink(missing_ok=True)


@contextmanager
def telling_what_is_left(into: Path) -> Generator[None]:
    """Say of what goes wrong that a directory holds a part of it and must be thrown away."""
    try:
        yield
    except StreamError as error:
        left = f"{into} holds a restore that failed: throw it away"
        error.args = (error.what, f"{error.remedy}; {left}" if error.remedy else left)
        error.remedy = error.args[1]
        raise
    except OSError as error:
        raise Damaged(f"the restore broke off: {error}", f"{into} holds a part of it: throw it away") from None
