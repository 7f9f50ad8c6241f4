"""Warms a follower before it is switched to: the first query of each kind takes long on a server that never saw it.

What the gates saw is run there as the application would, and rolled back: reads for the page cache and plans, writes
for the plans and the compiled code of committing, up to the commit that the fence would refuse anyway.
"""

import re
from collections.abc import Iterable

import msgspec

from dco.model.errors import ConfigurationError, StepFailed, Unreadable
from dco.seams.gates import Sampled
from dco.seams.servers import Server

ROUNDS = 20
"""So often is each query run: the compiler takes notice of what comes again."""
MOST_QUERIES = 50
_PARAMETER = re.compile(r"\$(?:`([^`]+)`|(\w+))")
_VALUES: tuple[object, ...] = (0, "", {}, [], None)
"""What stands for parameters, whose values nobody keeps: the first with which a query runs."""


class Warmed(msgspec.Struct, frozen=True):
    """How many queries were run, and how many could not be with any value that stands for a parameter."""

    queries: int
    refused: int


def warm(server: Server, queries: Iterable[Sampled], rounds: int = ROUNDS) -> Warmed:
    """Run the most frequent queries on a server, and roll every one back. Raises `Unreadable` when it is gone."""
    ran = refused = 0
    for query in sorted(queries, key=lambda one: -one.count)[:MOST_QUERIES]:
        value = _fitting(server, query.text)
        if value is _NONE_FITS:
            refused += 1
            continue
        ran += 1
        for _ in range(rounds):
            _try(server, query.text, value)
    return Warmed(ran, refused)


_NONE_FITS = object()


def _fitting(server: Server, text: str) -> object:
    return next((value for value in _VALUES if _try(server, text, value)), _NONE_FITS)


def _try(server: Server, text: str, value: object) -> bool:
    parameters = {quoted or plain: value for quoted, plain in _PARAMETER.findall(text)}
    try:
        server.query(text, parameters, undo=True)
    except (StepFailed, ConfigurationError):
        return False
    except Unreadable as error:
        # A query that makes a label is refused by the fence with an error that drivers take for passing.
        if "LeaseExpired" in error.what or "lease" in error.what.lower():
            return False
        raise
    return True
