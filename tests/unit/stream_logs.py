"""Logs that are kept piece by piece, by one stream or two, with pieces that were lost: what is told of them is known.

A byte of the log is its global number; it is closed at ten times that number in milliseconds.
"""

from itertools import accumulate, pairwise

import msgspec
from hypothesis import strategies as st

from dco_stream.archive.bases import Part
from dco_stream.archive.segments import Position, Segment


class Log(msgspec.Struct, frozen=True):
    """Files by their lengths, and the pieces that are left of it."""

    first: int
    lengths: tuple[int, ...]
    pieces: tuple[Segment, ...]

    def number(self, at: Position) -> int:
        """The global number of the byte at a position."""
        return sum(self.lengths[: at.version - self.first]) + at.offset

    def content(self, segment: Segment) -> list[int]:
        begin = self.number(segment.begin)
        return list(range(begin, begin + segment.end - segment.offset))


@st.composite
def logs(draw: st.DrawFn, *, whole: bool = False) -> Log:
    first = draw(st.integers(0, 3))
    lengths = tuple(draw(st.lists(st.integers(1, 12), min_size=1, max_size=4)))
    pieces = [piece for _ in range(draw(st.integers(1, 2))) for piece in draw(kept(first, lengths))]
    if not whole:
        pieces = [piece for piece in pieces if draw(st.integers(0, 9))]
    return Log(first, lengths, tuple(draw(st.permutations(pieces))))


@st.composite
def kept(draw: st.DrawFn, first: int, lengths: tuple[int, ...]) -> list[Segment]:
    """What one stream makes of it."""
    starts = [0, *accumulate(lengths)]
    made: list[Segment] = []
    for index, length in enumerate(lengths):
        cuts = sorted({0, length, *draw(st.lists(st.integers(0, length), max_size=5))})
        for begin, end in pairwise(cuts):
            before = begin or (lengths[index - 1] if index else 0)
            told = (starts[index] + end) if draw(st.booleans()) else 0
            made.append(
                Segment(version=first + index, offset=begin, end=end, before=before, transaction=told,
                        until=told and told * 10 + draw(st.integers(0, 9)), sha256=f"{len(made):064x}")
            )  # fmt: skip
    return made


@st.composite
def copies(draw: st.DrawFn, log: Log) -> Part:
    """A copy that was taken while the log was written."""
    needed = draw(st.integers(0, len(log.lengths) - 1))
    version = draw(st.integers(needed, len(log.lengths) - 1))
    end = Position(log.first + version, draw(st.integers(0, log.lengths[version])))
    return Part(series="log.1", needed=Position(log.first + needed, 0), end=end, transaction=log.number(end),
                at=log.number(end) * 10, files=(), packs=(), format="aligned", kernel="V")  # fmt: skip
