"""Graphs and single changes of them, as Hypothesis thinks of them, and how they are written."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st
from neo4j.spatial import CartesianPoint, WGS84Point
from neo4j.time import Date, DateTime, Duration
from tests.real.plugin.servers import Server

FLOATS = st.floats(width=64)
POINTS = st.builds(CartesianPoint, st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)))
PLACES = st.builds(WGS84Point, st.tuples(st.floats(-180, 180), st.floats(-90, 90)))
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)
SCALARS = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), FLOATS, TEXTS, st.binary(max_size=4), POINTS, PLACES
)
TIMES = st.one_of(
    st.builds(Date, st.integers(1, 9999), st.integers(1, 12), st.integers(1, 28)),
    st.builds(DateTime, st.integers(1, 9999), st.integers(1, 12), st.integers(1, 28)),
    st.builds(Duration, months=st.integers(-99, 99), days=st.integers(-99, 99), seconds=st.integers(-99, 99)),
)
LISTS = st.one_of(*(st.lists(of, max_size=3) for of in (st.integers(-9, 9), FLOATS, TEXTS, st.booleans())))
VALUES = SCALARS | TIMES | LISTS
PROPERTIES = st.dictionaries(st.sampled_from("pqr"), VALUES, max_size=3)


class Graph(NamedTuple):
    nodes: list[tuple[frozenset[str], dict[str, Any]]]
    links: list[tuple[int, int, str, dict[str, Any]]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    nodes = draw(st.lists(st.tuples(st.frozensets(st.sampled_from("ABC")), PROPERTIES), min_size=1, max_size=6))
    at = st.integers(0, len(nodes) - 1)
    return Graph(nodes, draw(st.lists(st.tuples(at, at, st.sampled_from(["R", "S"]), PROPERTIES), max_size=8)))


def write(server: Server, graph: Graph, order: Sequence[int] | None = None) -> None:
    """Write nodes in an order; relationships in the opposite one of how they are listed, if it is given."""
    for number in order or range(len(graph.nodes)):
        labels, properties = graph.nodes[number]
        names = "".join(f":{label}" for label in sorted(labels))
        server.run(f"CREATE (n{names}) SET n = $all, n.number = $number", all=properties, number=number)
    for number, (start, end, kind, properties) in list(enumerate(graph.links))[:: -1 if order else 1]:
        server.run(
            "MATCH (a {number: $start}), (b {number: $end}) "
            f"CREATE (a)-[r:{kind}]->(b) SET r = $all, r.number = $number",
            start=start,
            end=end,
            all=properties,
            number=number,
        )


@st.composite
def changed(draw: st.DrawFn, graph: Graph) -> tuple[str, str, dict[str, Any]]:
    """Give a single change: in words, as Cypher, and its parameters."""
    number = draw(st.integers(0, len(graph.nodes) - 1))
    labels, properties = graph.nodes[number]
    label, key = draw(st.sampled_from("ABC")), draw(st.sampled_from("pqr"))
    value = draw(VALUES.filter(lambda value: not same(value, properties.get(key))))
    turned = "REMOVE" if label in labels else "SET"
    node = "MATCH (n {number: $number})"
    choices = [
        ("a label", f"{node} {turned} n:{label}", {"number": number}),
        ("a property", f"{node} SET n.{key} = $value", {"number": number, "value": value}),
        ("one more node", "CREATE ()", {}),
    ]
    if graph.links:
        link = draw(st.integers(0, len(graph.links) - 1))
        start, end, kind, of_link = graph.links[link]
        relationship = "MATCH (a)-[r {number: $number}]->(b)"
        choices += [
            ("a relationship less", f"{relationship} DELETE r", {"number": link}),
            ("one twice", f"{relationship} CREATE (a)-[s:{kind}]->(b) SET s = properties(r)", {"number": link}),
        ]
        if start != end:
            turn = f"{relationship} WITH a, b, r, properties(r) AS all DELETE r CREATE (b)-[s:{kind}]->(a) SET s = all"
            choices.append(("one turned", turn, {"number": link}))
        if not same(value, of_link.get(key)):
            choices.append(("its property", f"{relationship} SET r.{key} = $value", {"number": link, "value": value}))
    return draw(st.sampled_from(choices))


def same(one: Any, other: Any) -> bool:
    """Whether a server would store the same; rather too often than not."""
    return type(one) is type(other) and repr(one) == repr(other)
