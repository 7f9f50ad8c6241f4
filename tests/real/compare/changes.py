"""Values that are nearly the same, and single changes of a small graph: a comparison must find each."""

import math
import struct
from typing import Any

from neo4j.spatial import CartesianPoint, WGS84Point


class Expression(str):
    """A value in Cypher: times with a named zone make the driver crash Python when they are sent."""

    __slots__ = ()


NOON = Expression("datetime('2026-03-01T12:00+01:00[Europe/Berlin]')")
GRAPH = """
CREATE (a:Person:Staff {id: 1, value: 0.5})
CREATE (b:Person {id: 2})
CREATE (c {id: 3})
CREATE (a)-[:KNOWS {since: 2001}]->(b)
CREATE (b)-[:KNOWS]->(c)
CREATE (b)-[:OWES]->(:Debt), (c)-[:OWES]->(:Debt)
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
# What is changed, and a word that must be in what is told of it.
CHANGES = {
    "a label is missing": ("MATCH (n:Staff) REMOVE n:Staff", ":Person:Staff in A, :Person in B"),
    "a label is new": ("MATCH (n {id: 3}) SET n:Person", "no label in A, :Person in B"),
    "a property is renamed": ("MATCH (n {id: 2}) SET n.ID = 2 REMOVE n.id", "ID: nothing in A, 2 in B"),
    "a relationship is turned": (
        "MATCH (a)-[k {since: 2001}]->(b) DELETE k CREATE (a)<-[:KNOWS {since: 2001}]-(b)",
        "turned round",
    ),
    "a relationship is there twice": ("MATCH (a {id: 2}), (b {id: 3}) CREATE (a)-[:KNOWS]->(b)", "KNOWS"),
    "a relationship is gone": ("MATCH ({id: 2})-[k:KNOWS]->() DELETE k", "KNOWS"),
    "a relationship has another type": (
        "MATCH (a {id: 2})-[k]->(b) DELETE k CREATE (a)-[:MET]->(b)",
        ":KNOWS in A, :MET in B",
    ),
    "a relationship ends elsewhere": (
        "MATCH (a {id: 2})-[k]->(), (b {id: 1}) DELETE k CREATE (a)-[:KNOWS]->(b)",
        "between others",
    ),
    "a relationship's property changed": (
        "MATCH ()-[k {since: 2001}]->() SET k.since = 2002",
        "since: 2001 in A, 2002 in B",
    ),
    "a node is there twice": ("MATCH (n {id: 3}) CREATE (m) SET m = n", "({id: 3})"),
}
