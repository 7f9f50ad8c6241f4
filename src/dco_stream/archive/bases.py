"""A copy of a server's databases in the bucket: packs of bytes, and a manifest that is written last."""

import secrets
from datetime import UTC, datetime

import msgspec

from dco_stream.archive.segments import Position
from dco_stream.errors import Damaged

FORMAT = 1


class File(msgspec.Struct, frozen=True):
    """A file of the store, as the plugin names it (`store/…`, `log/…`), and its size in bytes."""

    name: str
    size: int


class Pack(msgspec.Struct, frozen=True):
    """An object with the next bytes of the files, laid end to end: how many, and the SHA-256 of what is stored."""

    name: str
    length: int
    sha256: str
    stored: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The copy of one database."""

    series: str
    """The log that goes on from it."""
    needed: Position
    """Where the log that it needs begins."""
    end: Position
    """How far that log is needed at least."""
    transaction: int
    """The last transaction that may be in it: it can't be restored to one before."""
    at: int
    """From when on (milliseconds of the server's clock) it can be restored to."""
    files: tuple[File, ...]
    packs: tuple[Pack, ...]
    format: str
    kernel: str

    @property
    def size(self) -> int:
        """How many bytes its files have."""
        return sum(file.size for file in self.files)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a copy: without its manifest it is none."""

    id: str
    layout: int = FORMAT
    database: str
    neo4j: str
    taken: str
    parts: dict[str, Part]

    @property
    def begin(self) -> int:
        """From when on (milliseconds of the server's clock) all of it can be restored to."""
        return max(part.at for part in self.parts.values())

    @property
    def size(self) -> int:
        """How many bytes the stores had."""
        return sum(part.size for part in self.parts.values())

    @property
    def stored(self) -> int:
        """How many bytes it takes in the bucket."""
        return sum(pack.stored for part in self.parts.values() for pack in part.packs)


def new_id(now: datetime) -> str:
    """Name a copy, so that later ones sort behind."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def encode(manifest: Manifest) -> bytes:
    """Write a manifest."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


def decode(content: bytes, where: str, database: str) -> Manifest:
    """Read a manifest. Raises `Damaged` when it is none, of a newer layout, or of another database."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise Damaged(f"{where} is no manifest: {error}", "look at the bucket's older versions of it") from None
    if not manifest.parts or any(
        part.size != sum(pack.length for pack in part.packs) for part in manifest.parts.values()
    ):
        raise Damaged(f"{where} contradicts itself", "look at the bucket's older versions of it")
    if manifest.layout != FORMAT:
        raise Damaged(f"{where} is of layout {manifest.layout}, this dco-stream reads {FORMAT}", "use a newer one")
    if manifest.database != database:
        raise Damaged(f"{where} is a copy of {manifest.database}, not of {database}", "look at the configured prefix")
    return manifest
