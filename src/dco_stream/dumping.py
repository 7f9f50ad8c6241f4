"""Dump and load, for databases without the plugin and editions that are not proved: the server stands still."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dco_stream import installation
from dco_stream.archive import bases, segments
from dco_stream.archive.archive import Archive
from dco_stream.archive.bases import Pack
from dco_stream.base import Packing
from dco_stream.errors import BadConfiguration, Damaged, Refused
from dco_stream.offering import telling_what_is_left
from dco_stream.proving import Private, private
from dco_stream.restore import Neo4j
from dco_stream.seed import demand_empty, demand_free
from dco_stream.state import iso

BYTES_A_SECOND = 30 << 20
"""How fast a dump is taken to be; measured 30 to 60 MB/s on a small machine."""
PIECE_BYTES = 1 << 20
LOCKED = "in use"
TRACE_LINES = 100
"""How far back the reason of a failure may stand: a trace comes behind it."""
Say = Callable[[str], None]


class Part(msgspec.Struct, frozen=True):
    """The dump of one database: how large the store was, and where the file is."""

    size: int
    packs: tuple[Pack, ...]


class Dump(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a dump: without it there is none."""

    id: str
    database: str
    neo4j: str
    taken: str
    parts: dict[str, Part]


def pause(data: Path, names: tuple[str, ...]) -> tuple[int, int]:
    """Say how many bytes there are, and about how many seconds the server stands still. Raises `BadConfiguration`."""
    for name in names:
        if not (data / "databases" / name).is_dir():
            raise BadConfiguration(f"there is no database {name} in {data}", "name the server's own data directory")
    size = sum(_size(data, name) for name in names)
    return size, 1 + size // BYTES_A_SECOND


def take(archive: Archive, names: tuple[str, ...], data: Path, neo4j: Neo4j, say: Say) -> Dump:
    """Dump the databases of a server that stands still into the bucket, the manifest last.

    Raises `Refused` when the server runs; nothing is kept then.
    """
    installed = installation.demand_programs(neo4j)
    base = bases.new_id(datetime.now(UTC))
    with private(data, neo4j, installed, "127.0.0.1") as home:
        parts = {name: _take_one(archive, base, name, home, say) for name in names}
    dump = Dump(id=base, database=archive.database, neo4j=installed, taken=iso(datetime.now(UTC)), parts=parts)
    archive.bucket.put(archive.key("dumps", base, "manifest.json"), msgspec.json.encode(dump))
    return dump


def dumps(archive: Archive) -> list[Dump]:
    """Read the manifests of finished dumps, oldest first. Raises `Damaged`."""
    found: list[Dump] = []
    for name in sorted(archive.bucket.folders(archive.key("dumps", ""))):
        key = archive.key("dumps", name, "manifest.json")
        content = archive.bucket.get(key)
        try:
            found += [msgspec.json.decode(content, type=Dump)] if content is not None else []
        except msgspec.MsgspecError as error:
            raise Damaged(f"{key} is no manifest: {error}", "look at the bucket's older versions of it") from None
    return found


def choose(archive: Archive, wanted: str) -> Dump:
    """Choose a dump by its name, or the latest. Raises `Refused` with those that there are."""
    found = dumps(archive)
    fitting = [one for one in found if wanted in {"latest", one.id}]
    if not fitting:
        names = ", ".join(one.id for one in found) or "none was ever taken: `dco-stream dump`"
        raise Refused(f"{archive.database} has no dump {wanted}", f"between dumps nothing is kept; there are: {names}")
    return fitting[-1]


def load(archive: Archive, dump: Dump, neo4j: Neo4j, into: Path, say: Say) -> float:
    """Load a dump into an empty data directory and let Neo4j check it; return how many seconds that took."""
    began = time.monotonic()
    installed = installation.demand_programs(neo4j)
    installation.demand_newer(installed, dump.neo4j)
    demand_empty(into, tuple(dump.parts))
    demand_free(into, sum(part.size for part in dump.parts.values()))
    with telling_what_is_left(into), private(into, neo4j, installed, "127.0.0.1") as home:
        for name, part in dump.parts.items():
            file = home.home / "import" / f"{name}.dump"
            with file.open("wb") as target:
                for pack in part.packs:
                    key = archive.key("dumps", dump.id, name, pack.name)
                    target.write(segments.unpack(archive.bucket.demand(key, pack.sha256), pack.length, key))
            words = ["database", "load", f"--from-path={file.parent}", name]
            if code := home.admin(words, say, f"{name}: loading"):
                raise Damaged(f"Neo4j can't load {name} ({code}): {home.said()}", "take another dump")
            file.unlink()
            home.check(name, say)
    return round(time.monotonic() - began, 1)


def _take_one(archive: Archive, base: str, name: str, home: Private, say: Say) -> Part:
    size = _size(home.home / "data", name)
    folder = home.home / "import"
    demand_free(folder, size)
    if home.admin(["database", "dump", f"--to-path={folder}", name], say, f"{name}: dumping"):
        if LOCKED in home.said(TRACE_LINES):
            raise Refused(f"Neo4j can't dump {name}: it is in use", "stop that server first; it may go on after this")
        raise Refused(f"Neo4j can't dump {name}: {home.said()}", "see what it says")
    file = folder / f"{name}.dump"
    with Packing(archive, archive.key("dumps", base, name), say) as packing, file.open("rb") as source:
        while piece := source.read(PIECE_BYTES):
            packing.add(piece)
        packs = packing.finish()
    file.unlink()
    return Part(size=size, packs=packs)


def _size(data: Path, name: str) -> int:
    places = (data / "databases" / name, data / "transactions" / name)
    return sum(file.stat().st_size for place in places for file in place.rglob("*") if file.is_file())
