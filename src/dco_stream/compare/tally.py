"""Adds up what is read element by element into a page."""

import struct

from dco_stream.compare import digests
from dco_stream.compare.reading import Page, Subject, Sum


class Tally:
    """Sums of one page; changed by adding."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, str], list[int]] = {}
        self._buckets = [0] * (2 * digests.BUCKETS)
        self.elements = 0

    def add(self, kind: str, name: str, key: str, digest: bytes) -> None:
        """Add a fingerprint to a subject."""
        high, low = struct.unpack(">QQ", digest)
        sums = self._sums.setdefault((kind, name, key), [0, 0, 0])
        sums[0] += 1
        sums[1] += high
        sums[2] += low

    def add_element(self, digest: bytes) -> None:
        """Count an element and add its fingerprint to its bucket."""
        self.elements += 1
        high, low = struct.unpack(">QQ", digest)
        place = 2 * digests.bucket(digest)
        self._buckets[place] += high
        self._buckets[place + 1] += low

    def page(self, records: bytes, following: int) -> Page:
        """Give the page."""
        mask = digests.MASK
        return Page(
            elements=self.elements,
            sums={Subject(*of): Sum(count, high & mask, low & mask) for of, (count, high, low) in self._sums.items()},
            buckets=struct.pack(f">{2 * digests.BUCKETS}Q", *(number & mask for number in self._buckets)),
            records=records,
            next=following,
        )
