"""Reading over plain Bolt: every element comes here and is summed up here, with the sums that the plugin would make."""

import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

from neo4j.exceptions import DriverError

from dco_stream.compare import digests, values
from dco_stream.compare.connection import Connection
from dco_stream.compare.digests import Salted
from dco_stream.compare.reading import ElementKind, Page
from dco_stream.compare.tally import Tally
from dco_stream.errors import Refused

# `id` is what both lines still have of an element's place; Cypher 25 does without it.
_HIGHEST = {
    "node": "CYPHER 5 MATCH (n) RETURN coalesce(max(id(n)), -1) AS highest",
    "relationship": "CYPHER 5 MATCH ()-[r]->() RETURN coalesce(max(id(r)), -1) AS highest",
}
_ROWS = {
    "node": """CYPHER 5 UNWIND range($start, $last) AS id MATCH (n) WHERE id(n) = id
        RETURN id, labels(n), 0 AS begins, 0 AS ends, properties(n)""",
    "relationship": """CYPHER 5 UNWIND range($start, $last) AS id MATCH (s)-[r]->(e) WHERE id(r) = id
        RETURN id, type(r), id(s), id(e), properties(r)""",
}
_MATCH = {"node": "MATCH (e) WHERE id(e) = id", "relationship": "MATCH ()-[e]->() WHERE id(e) = id"}
# A list and a single value can't be told apart before it is looked at, so both are asked for as lists.
_ZONES = """CYPHER 5 UNWIND $asked AS one WITH one[0] AS id, one[1] AS key, one[2] AS isList {match}
    RETURN CASE WHEN isList THEN [x IN e[key] | [x.timezone, x.offsetSeconds]]
                ELSE [[e[key].timezone, e[key].offsetSeconds]] END AS zones"""


class _Row(NamedTuple):
    """An element; `head` is a node's labels or a relationship's type."""

    id: int
    head: Any
    start: int
    end: int
    properties: dict[str, Any]


class BoltReader:
    """Implements `Reader`; `colour` gives a node's fingerprint, for the ends of relationships: scan nodes first."""

    page_elements = 5_000
    lists_all = True

    def __init__(self, connection: Connection, salted: Salted, colour: Callable[[int], bytes]) -> None:
        self._connection = connection
        self._salted = salted
        self._colour = colour
        self._highest: dict[ElementKind, int] = {}

    def scan(self, kind: ElementKind, start: int, count: int, buckets: bytes) -> Page:
        """Run a query for the range; ask once more for zones, if there are times that have one."""
        if kind not in self._highest:
            self._highest[kind] = self._connection.run(_HIGHEST[kind])[0]["highest"]
        last = min(start + count - 1, self._highest[kind])
        tally = Tally()
        records = bytearray(digests.BYTES * (last - start + 1) if kind == "node" and buckets else 0)
        for row, properties in self._elements(kind, start, last):
            if kind == "node":
                node = self._add_node(tally, row, properties)
                if buckets:
                    place = (row.id - start) * digests.BYTES
                    records[place : place + digests.BYTES] = node
            else:
                self._add_link(tally, row, properties, buckets, records)
        return tally.page(bytes(records), last + 1 if last < self._highest[kind] else -1)

    def _elements(self, kind: ElementKind, start: int, last: int) -> Iterator[tuple[_Row, dict[str, bytes]]]:
        """Give elements with the fingerprints of their properties."""
        zoned: list[_Row] = []
        for row in self._rows(kind, start, last):
            try:
                yield (
                    row,
                    {key: self._salted.property(key, values.write(value)) for key, value in row.properties.items()},
                )
            except values.ZonesUnknown:
                zoned.append(row)
        yield from self._with_zones(kind, zoned)

    def _rows(self, kind: ElementKind, start: int, last: int) -> Iterator[_Row]:
        for record in self._connection.rows(_ROWS[kind], start=start, last=last):
            try:
                yield _Row(*record)
            except (ValueError, OverflowError, DriverError) as error:
                raise Refused(
                    f"{kind} {record[0]} holds a value that the driver can't read: {error}",
                    "compare through the plugin, which reads every value",
                ) from error

    def _with_zones(self, kind: ElementKind, rows: list[_Row]) -> Iterator[tuple[_Row, dict[str, bytes]]]:
        asked = [[row.id, key, isinstance(value, list)] for row in rows for key, value in _zoned(row.properties)]
        answers = iter(self._connection.run(_ZONES.format(match=_MATCH[kind]), asked=asked) if asked else ())
        for row in rows:
            written = {key: values.write(value) for key, value in _plain(row.properties)}
            for key, value in _zoned(row.properties):
                zones = [values.Zone(name, seconds) for name, seconds in next(answers)["zones"]]
                written[key] = values.write(value, zones)
            yield row, {key: self._salted.property(key, content) for key, content in written.items()}

    def _add_node(self, tally: Tally, row: _Row, properties: dict[str, bytes]) -> bytes:
        node = self._salted.node(row.head, properties.values())
        for label in row.head or [""]:
            tally.add("node", label, "", node)
            for key, digest in properties.items():
                tally.add("node property", label, key, digest)
        tally.add_element(node)
        return node

    def _add_link(
        self, tally: Tally, row: _Row, properties: dict[str, bytes], buckets: bytes, records: bytearray
    ) -> None:
        body = self._salted.body(row.head, properties.values())
        link = self._salted.link(body, self._colour(row.start), self._colour(row.end))
        tally.add("relationship", row.head, "", link)
        for key, digest in properties.items():
            tally.add("relationship property", row.head, key, digest)
        tally.add_element(link)
        bucket = digests.bucket(link)
        if buckets and buckets[bucket >> 3] >> (bucket & 7) & 1:
            records += struct.pack(">qqq", row.id, row.start, row.end) + body + link


def _is_zoned(value: Any) -> bool:
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return any(_is_zoned(item) for item in items[:1])
    return getattr(value, "tzinfo", None) is not None


def _zoned(properties: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in properties.items() if _is_zoned(value))


def _plain(properties: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in properties.items() if not _is_zoned(value))
