"""Fingerprints: equal where only order and internal ids differ, different for each single change."""

import math
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from neo4j.spatial import CartesianPoint, WGS84Point
from tests.real.plugin.carrying import Sums, sums
from tests.real.plugin.servers import Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


class Expression(str):
    """A value in Cypher: times with a named zone make the driver crash Python when they are sent."""

    __slots__ = ()


NOON = Expression("datetime('2026-03-01T12:00+01:00[Europe/Berlin]')")
GRAPH = """
CREATE (a:Person:Staff {id: 1, value: $value})
CREATE (b:Person {id: 2})
CREATE (c {id: 3})
CREATE (a)-[:KNOWS {since: 2001}]->(b)
CREATE (b)-[:KNOWS]->(c)
"""
# A value, and one that is nearly the same.
PAIRS: dict[str, tuple[Any, Any]] = {
    "a bit of a float": (0.1, math.nextafter(0.1, 1)),
    "zero and minus zero": (0.0, -0.0),
    "NaN and infinity": (math.nan, math.inf),
    "NaN and nothing": (math.nan, None),
    "two NaNs": (math.nan, struct.unpack(">d", b"\x7f\xf8\0\0\0\0\0\1")[0]),
    "an integer and a float": (1, 1.0),
    "an integer and a truth": (1, True),
    "an integer and its text": (1, "1"),
    "big integers": (2**53, 2**53 + 1),
    "an empty string and nothing": ("", None),
    "an empty string and a blank": ("", " "),
    "an empty list and nothing": ([], None),
    "texts that look the same": ("\u00e9", "e\u0301"),
    "the order of a list": ([1, 2], [2, 1]),
    "where a list's texts are cut": (["ab", "c"], ["a", "bc"]),
    "integers and floats of a list": ([1, 2], [1.0, 2.0]),
    "one more in a list": ([1], [1, 1]),
    "a byte of a byte array": (b"\0\1", b"\0\2"),
    "bytes and a list of numbers": (b"\1\2", [1, 2]),
    "a zone of the same offset": (NOON, Expression("datetime('2026-03-01T12:00+01:00[Europe/Paris]')")),
    "a zone and its offset": (NOON, Expression("datetime('2026-03-01T12:00+01:00')")),
    "with a zone and without": (NOON, Expression("localdatetime('2026-03-01T12:00')")),
    "a date and its midnight": (
        Expression("date('2026-03-01')"),
        Expression("localdatetime('2026-03-01T00:00')"),
    ),
    "a time with its offset and without": (Expression("time('12:00+00:00')"), Expression("localtime('12:00')")),
    "a nanosecond": (Expression("time('12:00:00.000000001Z')"), Expression("time('12:00:00.000000002Z')")),
    "a day and 24 hours": (Expression("duration('P1D')"), Expression("duration('PT24H')")),
    "points on a plane and on earth": (CartesianPoint((1.0, 2.0)), WGS84Point((1.0, 2.0))),
    "a point in three dimensions": (CartesianPoint((1.0, 2.0)), CartesianPoint((1.0, 2.0, 0.0))),
    "the order of coordinates": (CartesianPoint((1.0, 2.0)), CartesianPoint((2.0, 1.0))),
}
CHANGES = {
    "a label is missing": "MATCH (n:Staff) REMOVE n:Staff",
    "a label is new": "MATCH (n {id: 3}) SET n:Person",
    "a property is renamed": "MATCH (n {id: 2}) SET n.ID = 2 REMOVE n.id",
    "a relationship is turned": "MATCH (a)-[k {since: 2001}]->(b) DELETE k CREATE (a)<-[:KNOWS {since: 2001}]-(b)",
    "a relationship is there twice": "MATCH (a {id: 2}), (b {id: 3}) CREATE (a)-[:KNOWS]->(b)",
    "a relationship is gone": "MATCH ({id: 2})-[k:KNOWS]->() DELETE k",
    "a relationship has another type": "MATCH (a {id: 2})-[k]->(b) DELETE k CREATE (a)-[:MET]->(b)",
    "a relationship ends elsewhere": "MATCH (a {id: 2})-[k]->(), (b {id: 1}) DELETE k CREATE (a)-[:KNOWS]->(b)",
    "a relationship's property changed": "MATCH ()-[k {since: 2001}]->() SET k.since = 2002",
    "a node is there twice": "MATCH (n {id: 3}) CREATE (m) SET m = n",
}


@pytest.fixture
def graph(server: Server) -> Iterator[Server]:
    server.run("MATCH (n) DETACH DELETE n")
    yield server
    server.run("MATCH (n) DETACH DELETE n")


def with_value(server: Server, value: Any) -> Sums:
    server.run("MATCH (n) DETACH DELETE n")
    expression = value if isinstance(value, Expression) else "$value"
    server.run(GRAPH.replace("$value", expression), value=value)
    return sums(server)


def test_order_and_internal_ids_do_not_matter(graph: Server) -> None:
    first = with_value(graph, [1.5, 2.5])
    graph.run("MATCH (n) DETACH DELETE n")
    graph.run("UNWIND range(1, 50) AS id CREATE (:Other {id: id})")
    graph.run("CREATE (c {id: 3}) CREATE (b:Person {id: 2}) CREATE (b)-[:KNOWS]->(c)")
    graph.run("CREATE (a:Staff {value: $value}) SET a.id = 1, a:Person", value=[1.5, 2.5])
    graph.run("MATCH (a:Staff), (b:Person {id: 2}) CREATE (a)-[:KNOWS {since: 2001}]->(b)")
    graph.run("MATCH (n:Other) DELETE n")
    assert sums(graph) == first
    assert sums(graph, page=1) == first, "also a page at a time"


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_values_that_are_nearly_the_same_are_told_apart(graph: Server, pair: tuple[Any, Any]) -> None:
    one, other = (with_value(graph, value) for value in pair)
    subject = ("node property", "Staff", "value")
    assert one.get(subject) != other.get(subject)
    assert one["node", "Staff", ""] != other["node", "Staff", ""]
    assert one["relationship", "KNOWS", ""] != other["relationship", "KNOWS", ""]
    assert one["node", "", ""] == other["node", "", ""], "what did not change is the same"
    assert with_value(graph, pair[0]) == one


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_single_change_of_the_graph_is_found(graph: Server, change: str) -> None:
    before = with_value(graph, "value")
    graph.run(change)
    assert sums(graph) != before
