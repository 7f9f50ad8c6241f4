"""A piece of a log in the bucket: its key says which piece it is, how long, and what its checksum is.

An object is written whole or not at all, so that the key is a manifest that can't be apart from what it describes.
Pieces may overlap, when two streams kept the same log: the bytes at a position of a log are always the same.
"""

import hashlib
import re

import msgspec
import zstandard

from dco_stream.errors import Damaged

_KEY = re.compile(r"(\d{10})-(\d{14})-(\d{14})-(\d{14})-(\d{14})-(\d{14})-([0-9a-f]{64})")


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in a log: the file's number, and how many bytes of it come before."""

    version: int
    offset: int


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """What a key says.

    `before` is where the piece before ends: `offset`, or for a file's first piece the end of the file before (0 if
    this log begins here). `transaction` is the last one that ends within or before the piece's end,
    and `until` the moment (milliseconds of the server's clock) before which everything closed is in it or before it;
    both are 0 for a piece that ends in the middle of what was there.
    """

    version: int
    offset: int
    end: int
    before: int
    transaction: int
    until: int
    sha256: str

    @property
    def begin(self) -> Position:
        """Where it begins."""
        return Position(self.version, self.offset)

    @property
    def finish(self) -> Position:
        """Where it ends."""
        return Position(self.version, self.end)

    @property
    def name(self) -> str:
        """The last part of its key; names sort as pieces do."""
        return (
            f"{self.version:010}-{self.offset:014}-{self.end:014}-{self.before:014}-"
            f"{self.transaction:014}-{self.until:014}-{self.sha256}"
        )


def parse(name: str) -> Segment | None:
    """Read the last part of a key; None when it is not one of ours."""
    match = _KEY.fullmatch(name)
    if match is None:
        return None
    version, offset, end, before, transaction, until = (int(number) for number in match.groups()[:6])
    return Segment(version=version, offset=offset, end=end, before=before, transaction=transaction, until=until,
                   sha256=match[7])  # fmt: skip


def pack(data: bytes) -> tuple[bytes, str]:
    """Compress, and give what is to be stored with its SHA-256."""
    stored = zstandard.ZstdCompressor(level=1).compress(data)
    return stored, hashlib.sha256(stored).hexdigest()


def unpack(stored: bytes, length: int, what: str) -> bytes:
    """Give back what was packed. Raises `Damaged` when that is not so many bytes."""
    try:
        data = zstandard.ZstdDecompressor().decompress(stored, max_output_size=max(length, 1))
    except zstandard.ZstdError as error:
        raise Damaged(f"{what} can't be unpacked: {error}", "look at the bucket's older versions of it") from None
    if len(data) != length:
        raise Damaged(f"{what} has {len(data)} bytes, not {length}", "look at the bucket's older versions of it")
    return data


def chain(segments: list[Segment], start: Position) -> tuple[list[Segment], Position | None]:
    """Choose the pieces that make up the log from a position on, in order, and where it is broken off, if it is.

    Everything until there is good; what comes behind can't be reached from before.
    """
    chosen: list[Segment] = []
    at = start
    ordered = sorted(segments, key=lambda one: (one.begin, -one.end))
    index = 0
    while index < len(ordered):
        best = None
        while index < len(ordered) and _continues(ordered[index], at, first=not chosen):
            if ordered[index].finish > at and (best is None or ordered[index].finish > best.finish):
                best = ordered[index]
            index += 1
        if best is None:
            if index < len(ordered):
                return chosen, at
            break
        chosen.append(best)
        at = best.finish
    return chosen, None


def _continues(segment: Segment, at: Position, *, first: bool) -> bool:
    """Whether a piece overlaps or follows a position, or lies wholly before it."""
    if segment.begin <= at:
        return True
    return not first and segment.version == at.version + 1 and segment.offset == 0 and segment.before == at.offset
