"""What a server is read through: pages of sums, and the elements of some buckets, whatever the way to get them."""

from typing import Literal, Protocol

import msgspec

from dco_stream.compare import digests

ElementKind = Literal["node", "relationship"]
LINK_BYTES = 3 * 8 + 2 * digests.BYTES


class Subject(msgspec.Struct, frozen=True, order=True):
    """What is summed up: nodes of a label, relationships of a type, or one property key of these."""

    kind: str
    """`node`, `relationship`, `node property` or `relationship property`."""
    name: str
    """The label, empty for a node that has none, or the type."""
    key: str = ""


class Sum(msgspec.Struct, frozen=True):
    """How many there are, and their fingerprints added up."""

    count: int = 0
    high: int = 0
    low: int = 0

    def plus(self, other: "Sum") -> "Sum":
        """Add, modulo 2^64."""
        return Sum(
            self.count + other.count, (self.high + other.high) & digests.MASK, (self.low + other.low) & digests.MASK
        )


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a scan."""

    elements: int
    sums: dict[Subject, Sum]
    buckets: bytes
    """The sums of all buckets, 16 bytes each."""
    records: bytes
    """Of nodes the fingerprint of each id of the page, zeros for one that is not there. Of relationships those of the
    buckets asked for: id, start's id and end's id in 8 bytes each, then the fingerprints of itself and of where it
    stands."""
    next: int
    """Where the next page begins; -1 after the last."""


class Reader(Protocol):
    """Reads one database of one server, in pages; a page may be asked for again."""

    page_elements: int
    """How many ids a page has that takes the server about a tenth of a second."""
    lists_all: bool
    """Whether it has to read all that it sums up, so that to list all costs no more."""

    def scan(self, kind: ElementKind, start: int, count: int, buckets: bytes) -> Page:
        """Read the elements whose internal ids are in a range. Raises `Unreachable`, after which it may be repeated."""
        ...
