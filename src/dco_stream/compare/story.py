"""Compares two databases at one transaction: how they stand, sums of the content, schema, structure, invariants."""

import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dco_stream import invariants
from dco_stream.compare import differing, digests, structure
from dco_stream.compare.by_bolt import BoltReader
from dco_stream.compare.by_plugin import PluginReader
from dco_stream.compare.connection import Connection, Stand
from dco_stream.compare.digests import Salted
from dco_stream.compare.graph import Graph
from dco_stream.compare.reading import Sum
from dco_stream.compare.scanning import Scanned, Side, scan
from dco_stream.compare.structure import Structure
from dco_stream.compare.verdict import GOOD_FOR, Compared, Difference, Gap, InvariantAnswer, Verdict
from dco_stream.errors import Refused
from dco_stream.pace import Pace

Tell = Callable[[str], None]
_SALT_BYTES = 16


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to compare."""

    share: float = 0.5
    """How much of the time a server may be kept busy reading."""
    any_transaction: bool = False
    """Compare although the two stand at different transactions, or at numbers that mean nothing to one another."""
    without_plugin: bool = False
    """Read everything over Bolt, also where the plugin is there."""
    invariants: Mapping[str, str] = {}
    """Cypher by name; each must answer true on B."""
    directory: Path | None = None
    """Where fingerprints may lie meanwhile: about 50 bytes a node and 56 a relationship, of each side."""
    most_rounds: int = structure.MOST_ROUNDS


class Whole(msgspec.Struct, frozen=True):
    """The sums over one database."""

    nodes: Scanned
    relationships: Scanned


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about two databases, before it is known whether they were quiet meanwhile."""

    gaps: tuple[Gap, ...]
    differences: tuple[Difference, ...]
    shape: Structure
    answers: tuple[InvariantAnswer, ...]


def compare(connection_a: Connection, connection_b: Connection, options: Options, tell: Tell) -> Verdict:
    """Compare two databases. Raises `Refused` when they don't stand at one transaction or move, and `StreamError`s."""
    began, salted = time.monotonic(), Salted(secrets.token_bytes(_SALT_BYTES))
    with ExitStack() as open_things:
        a, b = (_side(each, options, salted, tell, open_things) for each in (connection_a, connection_b))
        # Who does not answer at first is perhaps not there at all: only later it is worth waiting for.
        stands = a.connection.stand(), b.connection.stand()
        if not options.any_transaction:
            _demand_one_transaction(a, b, stands)
        with ThreadPoolExecutor(2) as both:
            wholes = tuple(both.map(_whole, (a, b)))
        found = _find(a, b, wholes, salted, options)
        _demand_no_move(a, b, stands)
    sides = [_compared(*each) for each in zip((a, b), stands, wholes, strict=True)]
    return _verdict(sides, found, salted, time.monotonic() - began)


def _side(connection: Connection, options: Options, salted: Salted, tell: Tell, open_things: ExitStack) -> Side:
    place = tempfile.TemporaryDirectory(prefix="dco-compare-", dir=options.directory)
    graph = open_things.enter_context(closing(Graph(Path(open_things.enter_context(place)))))
    scans = not options.without_plugin and connection.scans
    reader = PluginReader(connection, salted.salt) if scans else BoltReader(connection, salted, graph.colour)
    return Side(connection=connection, reader=reader, graph=graph, pace=Pace(options.share), tell=tell)


def _stand(side: Side) -> Stand:
    return side.connection.patiently(side.connection.stand)


def _whole(side: Side) -> Whole:
    nodes = scan(side, "node", digests.EVERY_BUCKET)
    listed = digests.EVERY_BUCKET if side.reader.lists_all else digests.NO_BUCKET
    return Whole(nodes, scan(side, "relationship", listed))


def _find(a: Side, b: Side, wholes: tuple[Whole, ...], salted: Salted, options: Options) -> Found:
    of_a, of_b = wholes
    gaps = (*_gaps(of_a.nodes, of_b.nodes), *_gaps(of_a.relationships, of_b.relationships))
    differences = [*_elements(a, b, of_a, of_b)]
    for kind in ("index", "constraint"):
        differences += differing.of_schema(a, b, kind)
    # Where elements differ, so do the neighbours of others: that would only hide what is to be told.
    shape = Structure() if gaps else structure.compare(a, b, salted, options.most_rounds)
    answers = tuple(_ask(b, name, cypher) for name, cypher in sorted(options.invariants.items()))
    return Found(gaps=gaps, differences=(*differences, *shape.differences), shape=shape, answers=answers)


def _ask(side: Side, name: str, cypher: str) -> InvariantAnswer:
    connection = side.connection
    trouble = connection.patiently(lambda: invariants.trouble(connection.run, cypher))
    side.tell(f"invariant {name} {'does not hold in' if trouble else 'holds in'} {connection.name}")
    return InvariantAnswer(name, connection.name, not trouble, trouble)


def _demand_one_transaction(a: Side, b: Side, stands: tuple[Stand, Stand]) -> None:
    one, other = (stand.transaction for stand in stands)
    if one != other:
        behind, ahead = (a, b) if one < other else (b, a)
        raise Refused(
            f"{a.connection.name} stands at transaction {one}, {b.connection.name} at {other}: "
            "what they hold can be compared at one transaction only",
            f"stop what writes to {ahead.connection.name} (or fence it), and wait until {behind.connection.name} "
            "has got as far; restore backups to the same second; --any-transaction compares all the same",
        )


def _demand_no_move(a: Side, b: Side, stands: tuple[Stand, Stand]) -> None:
    for side, before in zip((a, b), stands, strict=True):
        now = _stand(side)
        if now.transaction != before.transaction:
            raise Refused(
                f"{side.connection.name} moved from transaction {before.transaction} to {now.transaction} "
                "while it was compared: nothing can be said",
                "stop what writes to it (or fence it) and compare again; what is in use is never quiet: "
                "compare restored backups instead",
            )


def _gaps(one: Scanned, other: Scanned) -> list[Gap]:
    subjects = sorted({*one.sums, *other.sums})
    pairs = [(subject, one.sums.get(subject, Sum()), other.sums.get(subject, Sum())) for subject in subjects]
    return [Gap(subject, a.count, b.count) for subject, a, b in pairs if a != b]


def _elements(a: Side, b: Side, of_a: Whole, of_b: Whole) -> list[Difference]:
    found: list[Difference] = []
    if of_a.nodes.buckets != of_b.nodes.buckets:
        found += differing.nodes(a, b, of_a.nodes, of_b.nodes)
    if of_a.relationships.buckets != of_b.relationships.buckets:
        found += differing.relationships(a, b, of_a.relationships, of_b.relationships)
    return found


def _compared(side: Side, stand: Stand, whole: Whole) -> Compared:
    return Compared(
        name=side.connection.name,
        uri=side.connection.server.uri,
        database=side.connection.database,
        version=stand.version,
        transaction=stand.transaction,
        fenced=stand.fenced,
        method="bolt" if side.reader.lists_all else "plugin",
        nodes=whole.nodes.elements,
        relationships=whole.relationships.elements,
    )


def _verdict(sides: list[Compared], found: Found, salted: Salted, seconds: float) -> Verdict:
    a, b = sides
    now = datetime.now(UTC)
    return Verdict(
        equal=not found.gaps and not found.differences,
        transaction=a.transaction if a.transaction == b.transaction else None,
        compared_at=now,
        expires_at=now + GOOD_FOR,
        a=a,
        b=b,
        gaps=found.gaps,
        differences=found.differences,
        doubles=found.shape.doubles,
        rounds=found.shape.rounds,
        settled=found.shape.settled,
        invariants=found.answers,
        salt=salted.salt.hex(),
        seconds=round(seconds, 3),
    )
