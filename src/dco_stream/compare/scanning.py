"""Reads one kind of elements whole, page by page: at a share of the time, again after a break, with progress."""

import time
from collections.abc import Callable

import msgspec

from dco_stream.compare import digests
from dco_stream.compare.connection import Connection
from dco_stream.compare.graph import Graph
from dco_stream.compare.reading import ElementKind, Page, Reader, Subject, Sum
from dco_stream.pace import Pace

TELL_SECONDS = 2.0
_COUNTS = {"node": "MATCH (n) RETURN count(n) AS found", "relationship": "MATCH ()-[r]->() RETURN count(r) AS found"}


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """The sums over all elements of a kind."""

    elements: int
    sums: dict[Subject, Sum]
    buckets: bytes


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to read one of the two databases."""

    connection: Connection
    reader: Reader
    graph: Graph
    pace: Pace
    tell: Callable[[str], None]


def scan(side: Side, kind: ElementKind, buckets: bytes) -> Scanned:
    """Sum up all elements of a kind; those of the given buckets go into the side's graph. Raises `StreamError`s."""
    total = side.connection.patiently(lambda: side.connection.run(_COUNTS[kind]))[0]["found"]
    sums: dict[Subject, Sum] = {}
    bucket_sums = bytes(digests.BUCKETS * digests.BYTES)
    elements = start = 0
    told = time.monotonic()
    while start >= 0:
        page = side.connection.patiently(lambda at=start: _page(side, kind, at, buckets))
        for subject, one in page.sums.items():
            sums[subject] = sums.get(subject, Sum()).plus(one)
        bucket_sums = digests.add_buckets(bucket_sums, page.buckets)
        elements += page.elements
        if kind == "node":
            side.graph.put_nodes(start, page.records)
        else:
            side.graph.add_links(page.records)
        start = page.next
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            side.tell(f"{side.connection.name}: {elements:,} of {total:,} {kind}s read")
    return Scanned(elements=elements, sums=sums, buckets=bucket_sums)


def _page(side: Side, kind: ElementKind, start: int, buckets: bytes) -> Page:
    with side.pace.work():
        return side.reader.scan(kind, start, side.reader.page_elements, buckets)
