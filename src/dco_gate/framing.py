"""Where messages begin and end in two streams of chunks. Neither reader keeps more than a bounded number of bytes."""

from dco_gate.bolt import NOOP, RECORD

CONTINUED = -1
"""In the place of a tag: a further piece of a message that was too long to be kept whole."""
LONGEST = 131_072
LONGEST_SUMMARY = 65_536


class MalformedError(ValueError):
    """The stream is no Bolt: it can't be known any more where a message begins."""


class RequestReader:
    """Cuts what a client sends into requests, each as its tag and its raw chunks; long ones in several pieces."""

    __slots__ = ("_at", "_rest", "_tag")

    def __init__(self) -> None:
        self._rest = b""
        self._at = 0
        self._tag: int | None = None

    def feed(self, arrived: bytes) -> list[tuple[int, bytes]]:
        """Give the pieces that are complete now. Raises `MalformedError`."""
        held = self._rest + arrived if self._rest else arrived
        pieces: list[tuple[int, bytes]] = []
        tag, start, at, end = self._tag, 0, self._at, len(held)
        while at + 2 <= end:
            size = held[at] << 8 | held[at + 1]
            if size == 0:
                at += 2
                if tag is not None:
                    pieces.append((tag, held[start:at]))
                tag, start = None, at
                continue
            if at + 2 + size > end:
                break
            if tag is None:
                tag = _tag_of(held, at, size)
            at += 2 + size
            if at - start > LONGEST:
                pieces.append((tag, held[start:at]))
                tag, start = CONTINUED, at
        self._rest, self._at, self._tag = held[start:], at - start, tag
        return pieces


class SummaryReader:
    """Finds the summaries among what a server sends; records are stepped over."""

    __slots__ = ("_carried", "_kept", "_left", "_tag")

    def __init__(self) -> None:
        self._carried = b""
        self._left = 0
        self._tag: int | None = None
        self._kept = bytearray()

    def feed(self, arrived: bytes) -> list[tuple[int, bytes]]:
        """Give each summary that ends here, as its tag and its content up to a limit. Raises `MalformedError`."""
        held = self._carried + arrived if self._carried else arrived
        self._carried = b""
        found: list[tuple[int, bytes]] = []
        at, end = 0, len(held)
        while at < end:
            if self._left:
                at = self._inside(held, at)
                continue
            if self._tag is None:
                at = _over_records(held, at)
            if end - at < (4 if self._tag is None and held[at : at + 2] != NOOP else 2):
                self._carried = held[at:]
                break
            size = held[at] << 8 | held[at + 1]
            if size == 0:
                if self._tag is not None and self._tag != RECORD:
                    found.append((self._tag, bytes(self._kept)))
                self._tag = None
                self._kept.clear()
            elif self._tag is None:
                self._tag = _tag_of(held, at, size)
            self._left = size
            at += 2
        return found

    def _inside(self, held: bytes, at: int) -> int:
        """Step over what is there of a chunk; keep it if it belongs to a summary."""
        end = min(at + self._left, len(held))
        if self._tag != RECORD and len(self._kept) < LONGEST_SUMMARY:
            self._kept += held[at:end]
        self._left -= end - at
        return end


def _over_records(held: bytes, at: int) -> int:
    """Step over records that are wholly here in one chunk each: nearly all that a server ever sends."""
    last = len(held) - 4
    while at <= last:
        after = at + 2 + (held[at] << 8 | held[at + 1])
        if held[at + 3] != RECORD or after - at < 4 or held[after : after + 2] != NOOP:
            break
        at = after + 2
    return at


def _tag_of(held: bytes, at: int, size: int) -> int:
    """Give the tag of a message whose first chunk is here."""
    if size < 2 or held[at + 2] & 0xF0 != 0xB0:
        raise MalformedError("a message must begin with a structure")
    return held[at + 3]
