"""Elements by name: what a person knows a node or a relationship by, and which element of the other side it was."""

from typing import Any, Literal, NamedTuple, cast

from neo4j.time import DateTime, Time

from dco_stream.compare import values
from dco_stream.compare.connection import Connection
from dco_stream.compare.reading import ElementKind
from dco_stream.compare.verdict import Difference

MOST_PROPERTIES = 6
MOST_CHARACTERS = 60
_NODES = """CYPHER 5 UNWIND $ids AS id MATCH (n) WHERE id(n) = id
    RETURN id, labels(n) AS labels, properties(n) AS properties"""
_RELATIONSHIPS = """CYPHER 5 UNWIND $ids AS id MATCH (s)-[r]->(e) WHERE id(r) = id
    RETURN id, type(r) AS type, properties(r) AS properties, id(s) AS start, id(e) AS end,
        labels(s) AS startLabels, properties(s) AS startProperties,
        labels(e) AS endLabels, properties(e) AS endProperties"""


class Thing(NamedTuple):
    """An element with all that it is compared by."""

    head: str
    properties: dict[str, Any]
    ends: tuple[str, str] | None
    """A relationship's start and end, by name."""
    end_ids: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """Write it as Cypher would."""
        inner = f"{self.head}{' ' if self.head and self.properties else ''}{_map(self.properties)}"
        return f"({inner})" if self.ends is None else f"{self.ends[0]}-[{inner}]->{self.ends[1]}"


def look_up(connection: Connection, kind: ElementKind, ids: list[int]) -> list[Thing]:
    """Ask for elements by their internal ids. Raises `StreamError`s."""
    query = _NODES if kind == "node" else _RELATIONSHIPS
    rows = connection.patiently(lambda: connection.run(query, ids=ids))
    return [_node(row) if kind == "node" else _relationship(row) for row in rows]


def pair(kind: Literal["node", "relationship", "place"], a: list[Thing], b: list[Thing]) -> list[Difference]:
    """Say which of A's elements has become which of B's, as far as they are alike; the others are on one side only."""
    scores = sorted(
        ((score, at, bt) for at, one in enumerate(a) for bt, other in enumerate(b) if (score := _likeness(one, other))),
        key=lambda each: (-each[0], each[1], each[2]),
    )
    partner: dict[int, int] = {}
    for _, at, bt in scores:
        if at not in partner and bt not in partner.values():
            partner[at] = bt
    changed = [
        Difference(kind=kind, a=a[at].name, b=b[bt].name, detail=_what_differs(a[at], b[bt]))
        for at, bt in sorted(partner.items())
    ]
    only_a = [Difference(kind=kind, a=one.name, b=None) for at, one in enumerate(a) if at not in partner]
    taken = set(partner.values())
    only_b = [Difference(kind=kind, a=None, b=one.name) for bt, one in enumerate(b) if bt not in taken]
    return [*changed, *only_a, *only_b]


def _node(row: dict[str, Any]) -> Thing:
    return Thing("".join(f":{label}" for label in sorted(row["labels"])), row["properties"], None)


def _relationship(row: dict[str, Any]) -> Thing:
    start, end = (
        _node({"labels": row[f"{end}Labels"], "properties": row[f"{end}Properties"]}) for end in ("start", "end")
    )
    return Thing(f":{row['type']}", row["properties"], (start.name, end.name), (row["start"], row["end"]))


def _likeness(one: Thing, other: Thing) -> int:
    """Count what two elements have in common; none if they have nothing but their label or type."""
    common = [
        key for key, value in one.properties.items() if key in other.properties and _same(value, other.properties[key])
    ]
    ends = 0
    if one.ends and other.ends:
        ends = (
            2 * (one.ends == other.ends) + (one.ends == other.ends[::-1]) + sum(map(str.__eq__, one.ends, other.ends))
        )
    bare = one.ends is None and not one.properties and not other.properties
    likeness = 2 * len(common) + ends + bare
    return likeness + (one.head == other.head) if likeness else 0


def _what_differs(one: Thing, other: Thing) -> str:
    words = [] if one.head == other.head else [f"{one.head or 'no label'} in A, {other.head or 'no label'} in B"]
    if one.ends and other.ends and one.ends != other.ends:
        words.append("turned round" if one.ends == other.ends[::-1] else "between others")
    for key in sorted({*one.properties, *other.properties}):
        of_a, of_b = one.properties.get(key), other.properties.get(key)
        if not _same(of_a, of_b):
            words.append(f"{key}: {_shown(of_a)} in A, {_shown(of_b)} in B")
    return "; ".join(words) or "a part that is not shown: a zone's offset or a NaN's bits"


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return _bits(one) == _bits(other)


def _bits(value: Any) -> bytes:
    try:
        return values.write(value)
    except values.ZonesUnknown:
        return _shown(value, most=10_000).encode()


def _map(properties: dict[str, Any]) -> str:
    if not properties:
        return ""
    # What elements are called by comes first.
    keys = sorted(properties, key=lambda key: (not key.lower().endswith(("id", "name", "key", "code")), key))
    shown = [f"{key}: {_shown(properties[key])}" for key in keys[:MOST_PROPERTIES]]
    return "{" + ", ".join(shown + ["…"] * (len(keys) > MOST_PROPERTIES)) + "}"


def _shown(value: Any, most: int = MOST_CHARACTERS) -> str:
    """Write a value so that 1 and 1.0, an empty text and none, a zone and another look different."""
    if value is None:
        text = "nothing"
    elif isinstance(value, list):
        text = "[" + ", ".join(_shown(item, most) for item in cast("list[Any]", value)[:most]) + "]"
    elif isinstance(value, bytes):
        text = f"bytes {value[:most].hex()}"
    elif isinstance(value, DateTime | Time):
        text = f"{value}[{zone}]" if (zone := getattr(value.tzinfo, "zone", None)) else str(value)
    else:
        text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
