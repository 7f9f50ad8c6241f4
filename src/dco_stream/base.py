"""Takes a copy of a running server's databases into the bucket."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Self

from dco_stream.archive import bases, segments
from dco_stream.archive.archive import Archive
from dco_stream.archive.bases import File, Manifest, Pack, Part
from dco_stream.copying import Chunk, StoreCopy
from dco_stream.errors import Refused
from dco_stream.pace import Pace
from dco_stream.server import Line, Server
from dco_stream.state import iso

PACK_BYTES = 8 << 20
UPLOADS = 3
Say = Callable[[str], None]


def take(server: Server, archive: Archive, series: dict[str, str], share: float, say: Say) -> Manifest:
    """Copy every database of `series` (its name → the log that is kept of it) and write the manifest last.

    Raises `Refused` when a checkpoint overlapped the copy, or the log that goes on from it is another by now; then
    there is no manifest, and what was written is cleaned away later.
    """
    version = server.identify()["version"]
    base = bases.new_id(datetime.now(UTC))
    parts = {name: _part(server.line(name), archive, base, log, share, say) for name, log in series.items()}
    manifest = Manifest(id=base, database=archive.database, neo4j=version, taken=iso(datetime.now(UTC)), parts=parts)
    archive.bucket.put(archive.key("bases", base, "manifest.json"), bases.encode(manifest))
    return manifest


def _part(line: Line, archive: Archive, base: str, series: str, share: float, say: Say) -> Part:
    copy = StoreCopy(line, Pace(share))
    try:
        status = line.status()
        if not series.startswith(f"{status.log_name}."):
            raise Refused(f"the log of {line.database} is not the one that is kept", "it is found out by itself")
        files: list[File] = []
        with Packing(archive, archive.key("bases", base, line.database), say) as packing:
            for chunk in _counted(copy.chunks(), files):
                packing.add(chunk.data)
            packs = packing.finish()
        extent = copy.finish()
    finally:
        copy.abandon()
        line.close()
    return Part(
        series=series, needed=extent.needed, end=extent.end, transaction=extent.transaction, at=extent.at,
        files=tuple(files), packs=packs, format=status.format, kernel=status.kernel,
    )  # fmt: skip


def _counted(chunks: Iterator[Chunk], files: list[File]) -> Iterator[Chunk]:
    """Note each file's name and size as it goes by."""
    size = 0
    for chunk in chunks:
        size += len(chunk.data)
        if not chunk.data:
            files.append(File(chunk.name, size))
            size = 0
        yield chunk


class Packing:
    """Lays bytes end to end and keeps them in objects of one size, some at a time."""

    def __init__(self, archive: Archive, under: str, say: Say) -> None:
        self._archive = archive
        self._under = under
        self._say = say
        self._pending = bytearray()
        self._count = 0
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._uploads: list[Future[Pack]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def add(self, data: bytes) -> None:
        """Add bytes; raises what went wrong with those before."""
        self._pending += data
        while len(self._pending) >= PACK_BYTES:
            self._upload(bytes(self._pending[:PACK_BYTES]))
            del self._pending[:PACK_BYTES]

    def finish(self) -> tuple[Pack, ...]:
        """Wait until everything is in the bucket."""
        if self._pending:
            self._upload(bytes(self._pending))
        return tuple(upload.result() for upload in self._uploads)

    def _upload(self, data: bytes) -> None:
        if len(self._uploads) >= UPLOADS * 2:
            self._uploads[-UPLOADS * 2].result()
        name = f"{self._count:06}.pack"
        self._count += 1
        self._uploads.append(self._pool.submit(self._put, name, data))
        self._say(f"copied {self._count * PACK_BYTES / 2**20:.0f} MB")

    def _put(self, name: str, data: bytes) -> Pack:
        stored, checksum = segments.pack(data)
        self._archive.bucket.put(f"{self._under}/{name}", stored)
        return Pack(name=name, length=len(data), sha256=checksum, stored=len(stored))
