"""Whether nodes that look the same stand in the same places: both graphs are refined until they differ or settle."""

import msgspec

from dco_stream.compare import differing, digests, doubles
from dco_stream.compare.digests import Salted
from dco_stream.compare.doubles import Doubles
from dco_stream.compare.refining import Refining
from dco_stream.compare.scanning import Side, scan
from dco_stream.compare.verdict import Difference

MOST_ROUNDS = 32


class Structure(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about nodes that look the same; without doubles there is nothing to be found."""

    differences: tuple[Difference, ...] = ()
    doubles: int = 0
    rounds: int = 0
    settled: bool = True


def compare(a: Side, b: Side, salted: Salted, most_rounds: int = MOST_ROUNDS) -> Structure:
    """Compare two graphs whose sums are equal. Raises `StreamError`s."""
    found_a = doubles.find(a.graph.nodes(), a.graph.ids, a.graph.directory)
    if not found_a.nodes:
        return Structure()
    found_b = doubles.find(b.graph.nodes(), b.graph.ids, b.graph.directory)
    a.tell(f"{found_a.nodes:,} nodes look like another: looking at what they are connected with")
    one, other = _refining(a, salted, found_a), _refining(b, salted, found_b)
    try:
        return _rounds(a, b, one, other, most_rounds)
    finally:
        one.close()
        other.close()


def _refining(side: Side, salted: Salted, found: Doubles) -> Refining:
    if not side.reader.lists_all:
        side.graph.forget_links()
        scan(side, "relationship", digests.EVERY_BUCKET)
    return Refining(side.graph, salted, found)


def _rounds(a: Side, b: Side, one: Refining, other: Refining, most_rounds: int) -> Structure:
    rounds, settled = 0, not one.doubles.nodes and not other.doubles.nodes
    while not settled and rounds < most_rounds:
        before = one.doubles
        sums = one.refine(), other.refine()
        rounds += 1
        if sums[0] != sums[1]:
            found = tuple(differing.places(a, b, one, other, links=False))
            return Structure(differences=found, doubles=one.doubles.nodes, rounds=rounds)
        after = one.doubles
        settled = not after.nodes or (rounds > 1 and (after.nodes, after.colours) == (before.nodes, before.colours))
        a.tell(f"round {rounds}: {after.nodes:,} nodes still look like another")
    found = tuple(differing.places(a, b, one, other, links=True)) if rounds and _links(one) != _links(other) else ()
    return Structure(differences=found, doubles=one.doubles.nodes, rounds=rounds, settled=settled)


def _links(refining: Refining) -> int:
    return sum(int.from_bytes(place, "big") for _, place in refining.places()) % 2**128
