"""Copies a running server's store: holds checkpoints off, reads every file, and says what log the copy needs."""

import secrets
import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import TypeVar

import msgspec

from dco_stream.archive.segments import Position
from dco_stream.errors import Refused, Unreachable
from dco_stream.pace import Pace
from dco_stream.server import Line

Answer = TypeVar("Answer")
LEASE_SECONDS = 120
RENEW_SECONDS = 20
PIECE_BYTES = 1 << 20
HALVES = 6
"""So often a piece that does not come is halved: 16 kB then go within few packets."""
AGAIN_SECONDS = 0.5
OTHERS_SECONDS = 1800
TAKEN = "Another copy holds"
GONE = "There is no file"


class Chunk(msgspec.Struct, frozen=True):
    """Bytes of a file, in order; a file's last chunk has none."""

    name: str
    data: bytes


class Extent(msgspec.Struct, frozen=True):
    """What a copy needs: the log from `needed` to `end`.

    With it a copy has all until `transaction`, closed before `at` (milliseconds of the server's clock).
    """

    needed: Position
    end: Position
    transaction: int
    at: int


class StoreCopy:
    """One copy of one database's store: iterate over `chunks`, then `finish`. `abandon` may be called at any time."""

    def __init__(self, line: Line, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = line
        self._pace = pace
        self._clock = clock
        self._lease = f"copy-{secrets.token_hex(8)}"
        self._renewed = 0.0
        self._needed = Position(0, 0)
        self._names: list[str] = []

    def begin(self) -> int:
        """Hold, and say how many bytes there are to be copied, without the log."""
        self._needed = Position(self._begin()["neededLogVersion"], 0)
        listed = self.again(lambda: self._line.call("files", self._lease))
        self._names = [str(row["name"]) for row in listed]
        return sum(int(row["size"]) for row in listed)

    def chunks(self) -> Iterator[Chunk]:
        """Give the content of every file. Raises `Refused` when the hold was lost: such a copy must not be used."""
        if not self._names:
            self.begin()
        for name in self._names:
            offset, ended = 0, False
            while not ended:
                data, ended = self._read(name, offset)
                if data:
                    yield Chunk(name, data)
                offset += len(data)
            yield Chunk(name, b"")

    @property
    def needed(self) -> Position:
        """Where the log begins that the copy needs."""
        return self._needed

    def reach(self) -> Position:
        """Say how far the log goes by now."""
        status = self.again(self._line.status)
        return Position(status.log_version, status.log_offset)

    def renew(self) -> None:
        """Hold on, if that was not said for a while."""
        if self._clock() - self._renewed > RENEW_SECONDS:
            self._hold()

    def finish(self) -> Extent:
        """End the hold and say what the copy needs. Raises `Refused` when a checkpoint came in between."""
        status = self.again(self._line.status)
        released = self.again(lambda: self._line.one("release", self._lease))
        if not released["intact"]:
            raise Refused(
                f"the copy of {self._line.database} on {self._line.server.uri} was overlapped by a checkpoint",
                "nothing of it is used; it is begun anew",
            )
        return Extent(self._needed, Position(status.log_version, status.log_offset), status.transaction, status.now)

    def abandon(self) -> None:
        """End the hold, if the server can be reached; it ends by itself otherwise."""
        try:
            self._line.one("release", self._lease)
        except (Refused, Unreachable):
            return

    def _begin(self) -> dict[str, int]:
        """Hold, when a copy that somebody else takes has ended."""
        deadline = self._clock() + OTHERS_SECONDS
        while True:
            try:
                return self._hold()
            except Refused as refused:
                if TAKEN not in refused.what or self._clock() > deadline:
                    raise
                time.sleep(AGAIN_SECONDS)

    def _hold(self) -> dict[str, int]:
        held = self.again(lambda: self._line.one("hold", self._lease, LEASE_SECONDS))
        self._renewed = self._clock()
        return held

    def _read(self, name: str, offset: int) -> tuple[bytes, bool]:
        """Read on in a file; fewer bytes than were asked for are its last ones."""

        def ask(size: int) -> tuple[bytes, bool]:
            data = self._line.one("read", self._lease, name, offset, size)["data"]
            return data, len(data) < size

        self.renew()
        with self._pace.work():
            try:
                return self.piece(ask)
            except Refused as refused:
                # What Lucene has not committed goes as it comes; what it has stays until the next checkpoint.
                if "/index/" in name and GONE in refused.what:
                    return b"", True
                raise

    def piece(self, ask: Callable[[int], Answer]) -> Answer:
        """As `again`, for so many bytes, and half of them after each failure: few may pass where many don't."""
        sizes = chain((PIECE_BYTES >> half for half in range(HALVES)), repeat(PIECE_BYTES >> HALVES))
        return self.again(lambda: ask(next(sizes)))

    def again(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer, as long as the hold may still be there."""
        deadline = self._clock() + LEASE_SECONDS / 2
        while True:
            try:
                return ask()
            except Unreachable:
                if self._clock() > deadline:
                    raise
                time.sleep(AGAIN_SECONDS)
