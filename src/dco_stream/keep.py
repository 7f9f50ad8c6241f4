"""Keeps a server's log in the bucket: piece by piece, each at the latest a second after it was written."""

import threading

from dco_stream.archive import segments
from dco_stream.archive.archive import Archive
from dco_stream.archive.segments import Position, Segment
from dco_stream.errors import Refused
from dco_stream.reading import LogReader, Piece
from dco_stream.server import Line
from dco_stream.state import Board, Kept, iso_of_millis

MOST_BYTES = 8 << 20
WAIT_MILLIS = 200


class Keeper:
    """Keeps one database's log. `begin`, then `step` for ever; after an error begin again. One thread's.

    Nothing is remembered but in the bucket: whoever begins goes on where the pieces there end.
    """

    def __init__(self, line: Line, archive: Archive, board: Board, seconds: float) -> None:
        self._line = line
        self._archive = archive
        self._board = board
        self._seconds = seconds
        self.ending = threading.Event()
        self._pending: list[Piece] = []
        self.series = ""
        self.kept = Position(0, 0)
        """How far the log is in the bucket."""

    def begin(self) -> None:
        """Find the series that holds this server's log, or name a new one, and where to go on."""
        self._pending = []
        status = self._line.status()
        name, number = status.log_name, _highest(self._archive.series(), status.log_name)
        if number:
            series = f"{name}.{number}"
            last = self._last(series)
            if last and self._is_same(series, last):
                self._go_on(series, last.finish)
                return
        self._go_on(f"{name}.{number + 1}", Position(status.needed_log_version, 0))

    def step(self) -> None:
        """Wait for something new; then wait for more as long as may be, read it all, and keep it."""
        piece = self._reader.read(WAIT_MILLIS)
        if not piece.data:
            self._tell(piece.transaction, piece.at)
            return
        if piece.complete:
            self.ending.wait(self._seconds)
        self._take(piece)
        while not piece.complete:
            piece = self._reader.read()
            self._take(piece)
        self._keep()

    def _take(self, piece: Piece) -> None:
        """Add bytes to what is pending, which is kept first when it is of another file, or much."""
        size = sum(len(one.data) for one in self._pending)
        if self._pending and (self._pending[-1].version != piece.version or size >= MOST_BYTES):
            self._keep()
        if piece.data:
            self._pending.append(piece)

    def _keep(self) -> None:
        """Put what is pending as one piece."""
        if not self._pending:
            return
        first, last = self._pending[0], self._pending[-1]
        stored, checksum = segments.pack(b"".join(piece.data for piece in self._pending))
        segment = Segment(
            version=first.version,
            offset=first.offset,
            end=last.end,
            before=first.before,
            transaction=last.transaction if last.complete else 0,
            until=last.at if last.complete else 0,
            sha256=checksum,
        )
        self._archive.put_segment(self.series, self._line.database, segment, stored)
        self._pending = []
        self.kept = segment.finish
        if last.complete:
            self._tell(last.transaction, last.at)

    def _tell(self, transaction: int, at: int) -> None:
        risk = max(0, self._line.now() - at) / 1000
        kept = Kept(series=self.series, transaction=transaction, until=iso_of_millis(at), risk_seconds=round(risk, 3))
        self._board.note_part(self._line.database, kept=kept)

    def _go_on(self, series: str, at: Position) -> None:
        self.kept = at
        self._reader = LogReader(self._line, at)
        self.series = series

    def _last(self, series: str) -> Segment | None:
        """The last piece of a series that can be reached from its first without a gap."""
        found = self._archive.segments(series, self._line.database)
        chosen, _ = segments.chain(found, found[0].begin) if found else ([], None)
        return chosen[-1] if chosen else None

    def _is_same(self, series: str, last: Segment) -> bool:
        """Whether the server's log has, where a piece was read, what was read then: a copy's log has the same name."""
        reader = LogReader(self._line, last.begin, piece=last.end - last.offset)
        data = b""
        try:
            while len(data) < last.end - last.offset:
                piece = reader.read()
                if not piece.data or piece.version != last.version:
                    return False
                data += piece.data
        except Refused:
            return False
        return self._archive.segment(series, self._line.database, last) == data[: last.end - last.offset]


def _highest(series: list[str], log: str) -> int:
    """The number of the newest series of a log; 0 if there is none."""
    numbers = [int(one.removeprefix(f"{log}.")) for one in series if one.startswith(f"{log}.")]
    return max(numbers, default=0)
