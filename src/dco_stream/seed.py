"""Copies a running server's databases into the data directory of a server that is not yet running."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

from dco_stream.copying import Extent, StoreCopy
from dco_stream.errors import Refused
from dco_stream.pace import Pace
from dco_stream.reading import LogReader
from dco_stream.server import Line, Server

FENCE = "is a copy; it follows, or waits to be promoted"
SPARE_BYTES = 64 << 20
Say = Callable[[str], None]


def seed(server: Server, names: tuple[str, ...], data: Path, share: float, say: Say) -> dict[str, Extent]:
    """Copy every database into an empty data directory, fenced from its first start; say how far each copy goes.

    Raises `Refused` when the directory holds databases, or there is no room; the directory is then as it was.
    """
    demand_empty(data, names)
    return {name: _seed_one(server.line(name), data, share, say) for name in names}


def demand_empty(data: Path, names: tuple[str, ...]) -> None:
    """Raise `Refused` when a data directory holds one of the databases already."""
    for name in names:
        for place in (data / "databases" / name, data / "transactions" / name):
            if place.exists() and any(place.iterdir()):
                raise Refused(f"{place} is not empty", "nothing is ever written over: name another data directory")


def demand_free(into: Path, size: int) -> None:
    """Raise `Refused` when a disk has less room than so many bytes and some to spare."""
    place = next(path for path in (into.absolute(), *into.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    if free < size + SPARE_BYTES:
        raise Refused(f"{into} has {free / 2**20:.0f} MB free, {(size + SPARE_BYTES) / 2**20:.0f} MB are needed",
                      "give it a larger disk, or name another place")  # fmt: skip


def fence(data: Path, name: str, reason: str = FENCE) -> None:
    """Let a database that has not been started refuse every commit until its fence is lifted."""
    folder = data / "dco"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.fence").write_text(f"{reason}\n")


def _seed_one(line: Line, data: Path, share: float, say: Say) -> Extent:
    copy = StoreCopy(line, Pace(share))
    try:
        demand_free(data, copy.begin() + line.status().log_bytes)
        fence(data, line.database)
        files = Files(data, line.database)
        for chunk in copy.chunks():
            files.add(chunk.name, chunk.data)
        # Most of the log while it is held: what no recovery needs any more is pruned soon after.
        reader = LogReader(line, copy.needed)
        end = copy.reach()
        while reader.at < end:
            copy_piece(copy, reader, files)
            copy.renew()
        extent = copy.finish()
        while reader.at < extent.end:
            copy_piece(copy, reader, files)
        files.close()
    finally:
        copy.abandon()
        line.close()
    say(f"copied {line.database}: {files.size / 2**20:.1f} MB, until transaction {extent.transaction}")
    return extent


def copy_piece(copy: StoreCopy, reader: LogReader, files: "Files") -> None:
    """Copy the next bytes of the log, asked for again when they don't come or are damaged."""
    piece = copy.piece(lambda size: reader.read(most=size))
    files.add(log_file(piece.version), piece.data)


def log_file(version: int) -> str:
    """Name a file of the log as copies do."""
    return f"log/neostore.transaction.db.{version}"


class Files:
    """A data directory that is filled file by file, each from its beginning to its end; on the disk after `close`."""

    def __init__(self, data: Path, name: str) -> None:
        self._places = {"store": data / "databases" / name, "log": data / "transactions" / name}
        self._name = ""
        self._file: IO[bytes] | None = None
        self.size = 0

    def add(self, name: str, content: bytes) -> None:
        """Add bytes to a file. Raises `Refused` for a name that leads elsewhere, or when the disk is full."""
        try:
            self._open(name).write(content)
        except OSError as error:
            raise Refused(
                f"{name} can't be written: {error.strerror}", "give the copy a larger or sound disk"
            ) from None
        self.size += len(content)

    def close(self) -> None:
        """Put everything on the disk."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _open(self, name: str) -> IO[bytes]:
        if self._file is not None and self._name == name:
            return self._file
        self.close()
        folder, _, rest = name.partition("/")
        path = self._places.get(folder, Path()) / rest
        if folder not in self._places or ".." in path.parts or rest.startswith("/"):
            raise Refused(f"a copy can't hold a file {name}", "the server that sent it is not to be trusted")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._name, self._file = name, path.open("ab")
        return self._file
