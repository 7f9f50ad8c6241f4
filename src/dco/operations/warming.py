"""Warms a follower before it is switched to: the first query of each kind takes long on a server that never saw it.

What the gates saw is run there as the application would, up to the commit, which the plugin refuses whatever happens,
also if the server serves by then: reads for the page cache and plans, writes for the code that prepares a commit.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from dco.model.errors import ConfigurationError, StepFailed, Unreadable
from dco.seams.gates import Sampled, Shape
from dco.seams.servers import Server

ROUNDS = 20
"""So often is each query run: the compiler takes notice of what comes again."""
MORE_ROUNDS = 3
"""So often with each further combination of kinds of parameters, which needs only a plan of its own."""
MOST_QUERIES = 50
MOST_SIZE = 1_000
"""How long a string or list at most is that stands for one that may have been longer."""
_PARAMETER = re.compile(r"\$(?:`([^`]+)`|(\w+))")
_VALUES: tuple[object, ...] = (0, "", {}, [], None)
"""What stands for parameters of which no kinds are known: the first with which a query runs."""
_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_STAND_INS: dict[str, object] = {
    "boolean": False, "integer": 0, "float": 0.0, "map": {}, "date": _DAY.date(), "time": _DAY.timetz(),
    "local time": _DAY.time(), "datetime": _DAY, "local datetime": _DAY.replace(tzinfo=None), "duration": timedelta(),
}  # fmt: skip


class Warmed(msgspec.Struct, frozen=True):
    """How many queries were run, and how many could not be with any value that stands for a parameter."""

    queries: int
    refused: int


def warm(server: Server, queries: Iterable[Sampled], rounds: int = ROUNDS) -> Warmed:
    """Rehearse the most frequent queries on a server. Raises `Unreadable` when it is gone.

    A server keeps a plan for each combination of its parameters' kinds and sizes: each that was seen is run.
    """
    ran = refused = 0
    for query in sorted(queries, key=lambda one: -one.count)[:MOST_QUERIES]:
        fitting = [one for one in _ways(query) if _try(server, query.text, one)] or _guessed(server, query.text)
        if not fitting:
            refused += 1
            continue
        ran += 1
        for number, one in enumerate(fitting):
            for _ in range(min(rounds, MORE_ROUNDS) if number else rounds):
                _try(server, query.text, one)
    return Warmed(ran, refused)


def _ways(query: Sampled) -> list[dict[str, object]]:
    """Give parameters of each combination of kinds that was seen."""
    return [{name: stand_in(shape) for name, shape in shapes.items()} for shapes in query.shapes]


def stand_in(shape: Shape) -> object:
    """Give a value of a kind and size."""
    size = min(shape.size, MOST_SIZE)
    match shape.kind:
        case "string":
            return "0" * size
        case "bytes":
            return bytes(size)
        case "list":
            return [stand_in(shape.of) if shape.of else None] * size
        case kind:
            return _STAND_INS.get(kind)


def _guessed(server: Server, text: str) -> list[dict[str, object]]:
    """Give parameters with which a query runs whose kinds nobody saw, or none."""
    names = [quoted or plain for quoted, plain in _PARAMETER.findall(text)]
    for value in _VALUES:
        parameters = dict.fromkeys(names, value)
        if _try(server, text, parameters):
            return [parameters]
    return []


def _try(server: Server, text: str, parameters: dict[str, object]) -> bool:
    try:
        server.rehearse(text, parameters)
    except (StepFailed, ConfigurationError):
        return False
    except Unreadable as error:
        # A query that makes a label is refused by the fence with an error that drivers take for passing.
        if "LeaseExpired" in error.what or "lease" in error.what.lower():
            return False
        raise
    return True
