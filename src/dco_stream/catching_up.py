"""Where a follower goes on when the source's log no longer reaches back so far: with what is kept of it."""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from dco_stream.archive import segments
from dco_stream.archive.archive import Archive
from dco_stream.archive.segments import Position, Segment
from dco_stream.restore import laid

PIECE_BYTES = 1 << 20


class Part(msgspec.Struct, frozen=True):
    """Bytes of a log, from a file's first ones on, in order; at a `boundary` a transaction ends."""

    version: int
    offset: int
    data: bytes
    boundary: bool


def choose(found: list[Segment], transaction: int) -> list[Segment]:
    """Choose the pieces that have all after a transaction, from the beginning of a file on; or none. Pure.

    They may have some of those before, too: whoever applies them passes over what it has, and refuses what does not
    follow.
    """
    told = [one.version for one in found if 0 < one.transaction <= transaction]
    begins = sorted(one.version for one in found if one.offset == 0)
    first = max(told, default=begins[0] if begins else 0)
    chosen, _ = segments.chain([one for one in found if one.version >= first], Position(first, 0))
    if not chosen or chosen[0].offset:
        return []
    # What another stream kept of the same log tells, too.
    goes_on = any(one.transaction > transaction and one.finish <= chosen[-1].finish for one in found)
    return chosen if goes_on else []


def parts(archive: Archive, series: str, name: str, chosen: list[Segment]) -> Iterator[Part]:
    """Read pieces in their order, each byte once. Raises `Damaged` at the first that is not as it was written."""
    ends: dict[int, int] = {}
    for one, following in pairwise([*chosen, None]):
        if one is None:
            return
        content = archive.segment(series, name, one)[laid(one, ends) :]
        ends_file = following is not None and following.version != one.version
        offset = one.end - len(content)
        for begin in range(0, len(content), PIECE_BYTES):
            data = content[begin : begin + PIECE_BYTES]
            last = begin + len(data) == len(content)
            yield Part(one.version, offset + begin, data, last and bool(ends_file or one.transaction))


def find(archive: Archive, log: str, name: str, transaction: int) -> tuple[str, list[Segment]]:
    """Find the newest series of a log that has all after a transaction; no pieces, if there is none."""
    numbered = [one for one in archive.series() if one.startswith(f"{log}.")]
    for series in sorted(numbered, key=lambda one: int(one.rpartition(".")[2]), reverse=True):
        if chosen := choose(archive.segments(series, name), transaction):
            return series, chosen
    return "", []
