"""The elements that differ, by name: the first of each kind."""

from collections.abc import Iterator

from dco_stream.compare import digests, naming, schema
from dco_stream.compare.graph import Graph
from dco_stream.compare.naming import Thing
from dco_stream.compare.narrowing import ENOUGH, odd, slices
from dco_stream.compare.refining import Refining
from dco_stream.compare.scanning import Scanned, Side, scan
from dco_stream.compare.verdict import Difference

FIRST = 10
"""So many of each kind are told."""
LINKS_AT_A_TIME = 1_000_000
MOST_SCANS = 3
"""If relationships of so many parts of the buckets brought nothing to tell, more would not."""


def nodes(a: Side, b: Side, scanned_a: Scanned, scanned_b: Scanned) -> list[Difference]:
    """Name nodes that differ. Raises `StreamError`s."""
    only_a: list[int] = []
    only_b: list[int] = []
    buckets = digests.differing(scanned_a.buckets, scanned_b.buckets)
    for part in slices(buckets, max(scanned_a.elements, scanned_b.elements)):
        more_a, more_b = odd(a.graph.nodes(), b.graph.nodes(), part)
        only_a += more_a
        only_b += more_b
        if max(len(only_a), len(only_b)) >= ENOUGH:
            break
    things_a = naming.look_up(a.connection, "node", only_a[:ENOUGH])
    things_b = naming.look_up(b.connection, "node", only_b[:ENOUGH])
    return naming.pair("node", things_a, things_b)[:FIRST]


def relationships(a: Side, b: Side, scanned_a: Scanned, scanned_b: Scanned) -> list[Difference]:
    """Name relationships that differ, without those that do only because one of their nodes does."""
    for only_a, only_b in _odd_links(a, b, scanned_a, scanned_b):
        things_a = naming.look_up(a.connection, "relationship", only_a[:ENOUGH])
        things_b = naming.look_up(b.connection, "relationship", only_b[:ENOUGH])
        told = naming.pair(
            "relationship",
            _at_nodes_that_both_have(things_a, a.graph, b.graph),
            _at_nodes_that_both_have(things_b, b.graph, a.graph),
        )
        if told:
            return told[:FIRST]
    return []


def places(a: Side, b: Side, one: Refining, other: Refining, *, links: bool) -> list[Difference]:
    """Name nodes, or relationships, that look the same and stand elsewhere."""
    found_a, found_b = (one.places, other.places) if links else (one.nodes, other.nodes)
    only_a: list[int] = []
    only_b: list[int] = []
    everywhere = list(range(digests.BUCKETS))
    for part in slices(everywhere, max(a.graph.ids, b.graph.ids)):
        more_a, more_b = odd(found_a(), found_b(), part)
        only_a += more_a
        only_b += more_b
        if max(len(only_a), len(only_b)) >= FIRST:
            break
    kind = "relationship" if links else "node"
    of_a = naming.look_up(a.connection, kind, only_a[:FIRST])
    of_b = naming.look_up(b.connection, kind, only_b[:FIRST])
    word = "its neighbours, or theirs, differ"
    rows_a = [Difference(kind="place", a=thing.name, b=None, detail=word) for thing in of_a]
    return [*rows_a, *(Difference(kind="place", a=None, b=thing.name, detail=word) for thing in of_b)][:FIRST]


def of_schema(a: Side, b: Side, kind: schema.SchemaKind) -> list[Difference]:
    """Name indexes or constraints that differ."""
    items_a, items_b = schema.read(a.connection, kind), schema.read(b.connection, kind)
    found: list[Difference] = []
    for name in sorted({*items_a, *items_b}):
        one, other = items_a.get(name), items_b.get(name)
        if one is None or other is None:
            found.append(Difference(kind=kind, a=one and _told(one), b=other and _told(other)))
        elif one.parts != other.parts:
            words = [
                f"{part}: {one.parts.get(part, 'nothing')} in A, {other.parts.get(part, 'nothing')} in B"
                for part in sorted({*one.parts, *other.parts})
                if one.parts.get(part) != other.parts.get(part)
            ]
            found.append(Difference(kind=kind, a=_told(one), b=_told(other), detail="; ".join(words)))
    return found


def _told(item: schema.SchemaItem) -> str:
    words = [item.parts[part] for part in ("type", "entityType", "labelsOrTypes", "properties") if part in item.parts]
    return f"{item.name} ({' '.join(words)})"


def _odd_links(a: Side, b: Side, scanned_a: Scanned, scanned_b: Scanned) -> Iterator[tuple[list[int], list[int]]]:
    """Give the ids of relationships that the other side has not, a part of the differing buckets at a time."""
    elements = max(scanned_a.elements, scanned_b.elements)
    buckets = digests.differing(scanned_a.buckets, scanned_b.buckets)
    at_a_time = max(1, LINKS_AT_A_TIME * digests.BUCKETS // max(elements, 1))
    for number in range(min(MOST_SCANS, -(-len(buckets) // at_a_time))):
        some = buckets[number * at_a_time : (number + 1) * at_a_time]
        for side in (a, b):
            if not side.reader.lists_all:
                side.graph.forget_links()
                scan(side, "relationship", digests.bitmap(some))
        for part in slices(some, elements):
            found = odd(_link_places(a.graph), _link_places(b.graph), part)
            if any(found):
                yield found


def _link_places(graph: Graph) -> Iterator[tuple[int, bytes]]:
    return ((link.id, link.place) for link in graph.links())


def _at_nodes_that_both_have(things: list[Thing], graph: Graph, other: Graph) -> list[Thing]:
    ends = {graph.colour(node) for thing in things for node in thing.end_ids or ()}
    known = {colour for _, colour in other.nodes() if colour in ends}
    return [thing for thing in things if all(graph.colour(node) in known for node in thing.end_ids or ())]
