"""Reads a server's log from a position on, file after file."""

from typing import Any

import msgspec

from dco_stream.archive.segments import Position
from dco_stream.server import Line

PIECE_BYTES = 1 << 20


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the log; `before` as in `Segment`.

    When they reach as far as the log went, `complete` says so, up to which transaction, and since when (`at`) nothing
    closed is missing. At a `boundary` a transaction ends.
    """

    version: int
    offset: int
    data: bytes
    before: int
    boundary: bool
    complete: bool
    transaction: int
    at: int

    @property
    def end(self) -> int:
        """Where they end within the file."""
        return self.offset + len(self.data)


class LogReader:
    """Reads on from a position; what it read last is never given twice."""

    def __init__(self, line: Line, start: Position, before: int = 0, piece: int = PIECE_BYTES) -> None:
        """Begin at a position; `before` is where the file before ends, if the position is a file's beginning."""
        self._line = line
        self._piece = piece
        self.at = start
        self._before = before
        self.last_transaction = 0
        """The last transaction that is closed on the server, as it was told last."""

    def read(self, wait: int = 0, most: int | None = None) -> Piece:
        """Give the next bytes, `most` at once; none, if there are none within so many milliseconds.

        Raises `Refused` when the log no longer reaches back so far.
        """
        while True:
            row = self._line.one("log", self.at.version, self.at.offset, most or self._piece, wait)
            self.last_transaction = row["transaction"]
            end = Position(row["endVersion"], row["endOffset"])
            if not row["data"] and end.version > self.at.version and self.at.offset >= row["fileEnd"]:
                self._before, self.at = self.at.offset, Position(self.at.version + 1, 0)
                continue
            return self._take(row, end)

    def _take(self, row: dict[str, Any], end: Position) -> Piece:
        begin, data = self.at, row["data"]
        self.at = Position(begin.version, begin.offset + len(data))
        return Piece(
            version=begin.version,
            offset=begin.offset,
            data=data,
            before=begin.offset or self._before,
            boundary=self.at.offset == row["fileEnd"],
            complete=self.at >= end,
            transaction=self.last_transaction,
            at=row["now"],
        )
