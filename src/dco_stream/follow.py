"""Carries a server's log to the server that follows it."""

import threading
import time
from collections.abc import Iterator
from typing import Any

from dco_stream import catching_up
from dco_stream.archive.archive import Archive
from dco_stream.archive.segments import Position
from dco_stream.catching_up import Part
from dco_stream.errors import Refused
from dco_stream.reading import LogReader, Piece
from dco_stream.server import Line
from dco_stream.state import Board, Followed

PIECE_BYTES = 1 << 18
WAIT_MILLIS = 200
SAID_SECONDS = 0.2
LOOK_SECONDS = 2.0
"""How often a follower that gets nothing is asked whether it still follows."""
GONE = "The log no longer holds"


class Follower:
    """Carries one database's log. `begin`, then `step` for ever; after an error begin again. One thread's.

    Nothing is remembered but in the follower's own store: whoever begins goes on behind its last transaction. What the
    source's log no longer has is taken from the archive, if there is one.
    """

    def __init__(
        self, source: Line, target: Line, board: Board, archive: Archive | None = None, piece: int = PIECE_BYTES
    ) -> None:
        self._source = source
        self._target = target
        self._board = board
        self._archive = archive
        self._piece = piece
        self._said = self._looked = 0.0
        self._header = self._applied = self._count = 0
        self.ending = threading.Event()
        self.version = 0
        """The file of the source's log from which it reads."""

    def begin(self) -> None:
        """Let the follower follow, and find where it stands in the source's log.

        Raises `Refused` when it is not there, and when the follower takes writes: it was promoted.
        """
        stand = self._target.one("follow", True)
        self._applied, self._count = stand["transaction"], 0
        self._reader = LogReader(self._source, self._find(stand["transaction"]), piece=self._piece)

    def step(self) -> None:
        """Carry what there is."""
        piece = self._reader.read(WAIT_MILLIS)
        if piece.data:
            row = self._apply(piece)
            self._applied, self._count = row["transaction"], row["applied"]
            self._tell(row["writtenMillis"])
        elif piece.complete:
            self._tell(0)
            self._look()

    def _look(self) -> None:
        """See that the follower follows: one that was started again does not, and hears nothing while nobody writes."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if not self._target.one("stand", 0, 0)["following"]:
            self.begin()

    def _find(self, transaction: int) -> Position:
        """Find where the source's log goes on after a transaction, or carry from the archive until it does."""
        try:
            place = self._source.one("locate", transaction)
        except Refused as refused:
            if GONE not in refused.what or self._archive is None:
                raise
            status = self._source.status()
            series, chosen = catching_up.find(self._archive, status.log_name, self._source.database, transaction)
            if not chosen:
                raise
            self._header = self._source.one("locate", status.transaction)["header"]
            return self._catch_up(catching_up.parts(self._archive, series, self._source.database, chosen))
        self._header = place["header"]
        at = Position(place["logVersion"], place["logOffset"])
        self._open(at.version)
        return at

    def _catch_up(self, parts: Iterator[Part]) -> Position:
        """Apply what is kept, from a file's beginning on; give where that ends."""
        at = Position(0, 0)
        self.version = 0  # nothing of the source's log is pruned meanwhile
        for part in parts:
            data, offset = part.data, part.offset
            if offset == 0:
                self._target.one("apply", part.version, 0, data[: self._header], False)
                data, offset = data[self._header :], self._header
            if data:
                row = self._target.one("apply", part.version, offset, data, part.boundary)
                self._applied, self._count = row["transaction"], row["applied"]
            at = Position(part.version, part.offset + len(part.data))
            if self.ending.is_set():
                break
        self.version = at.version
        return at

    def _apply(self, piece: Piece) -> dict[str, Any]:
        if piece.version == self.version:
            return self._target.one("apply", piece.version, piece.offset, piece.data, piece.boundary)
        # A file's header goes alone, ahead of what follows it.
        self._open(piece.version)
        rest = piece.data[self._header :]
        if not rest:
            return self._target.one("apply", piece.version, 0, piece.data[: self._header], False)
        return self._target.one("apply", piece.version, self._header, rest, piece.boundary)

    def _open(self, version: int) -> None:
        header = self._source.one("log", version, 0, self._header, 5000)["data"]
        self._target.one("apply", version, 0, header, False)
        self.version = version

    def _tell(self, written: int) -> None:
        now = time.monotonic()
        if now - self._said < SAID_SECONDS:
            return
        self._said = now
        behind = max(0, self._reader.last_transaction - self._applied)
        seconds = max(0, self._source.now() - written) / 1000 if behind and written else 0.0
        followed = Followed(
            transaction=self._applied, behind=behind, behind_seconds=round(seconds, 3), applied=self._count
        )
        self._board.note_part(self._source.database, followed=followed)
