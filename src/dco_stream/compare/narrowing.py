"""From sums that differ to the elements that differ, looking only at the buckets whose sums do."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dco_stream.compare import digests

SLICE_ELEMENTS = 100_000
"""How many fingerprints are held in memory at a time, of each side."""
ENOUGH = 200
"""With so many candidates the first ten can be told."""
_BUCKET_BITS = 10
_PREFIX_BITS = 32


class Slice(NamedTuple):
    """A part of the fingerprints: those whose first bits, as a number, are in `prefixes`."""

    shift: int
    prefixes: frozenset[int]

    def holds(self, digest: bytes) -> bool:
        """Say whether a fingerprint is in this part."""
        return int.from_bytes(digest[:4], "big") >> self.shift in self.prefixes


def slices(buckets: list[int], elements: int, most: int = SLICE_ELEMENTS) -> Iterator[Slice]:
    """Cut buckets into slices of about `most` of the elements, or of all those in the buckets if they are fewer."""
    bits = max(0, (elements // digests.BUCKETS // most).bit_length())
    shift = _PREFIX_BITS - _BUCKET_BITS - bits
    prefixes = [bucket << bits | part for bucket in buckets for part in range(1 << bits)]
    at_a_time = max(1, most * (digests.BUCKETS << bits) // max(elements, 1))
    for start in range(0, len(prefixes), at_a_time):
        yield Slice(shift, frozenset(prefixes[start : start + at_a_time]))


def odd(a: Iterable[tuple[int, bytes]], b: Iterable[tuple[int, bytes]], part: Slice) -> tuple[list[int], list[int]]:
    """Give the ids of elements in a slice whose fingerprint the other side has not, or not so often."""
    ids_a, ids_b = _by_digest(a, part), _by_digest(b, part)
    only_a = [each for digest, ids in ids_a.items() for each in ids[len(ids_b.get(digest, ())) :]]
    only_b = [each for digest, ids in ids_b.items() for each in ids[len(ids_a.get(digest, ())) :]]
    return only_a, only_b


def _by_digest(elements: Iterable[tuple[int, bytes]], part: Slice) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for each, digest in elements:
        if part.holds(digest):
            found.setdefault(digest, []).append(each)
    return found
