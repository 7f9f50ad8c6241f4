"""Makes a data directory as all was at a moment: a copy, the log since, and Neo4j's own recovery until then."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from dco_stream import choosing, listing, moments, programs
from dco_stream.archive import segments
from dco_stream.archive.archive import Archive, Broken
from dco_stream.archive.bases import Manifest, Pack, Part
from dco_stream.archive.segments import Segment
from dco_stream.errors import Damaged, Refused, StreamError
from dco_stream.moments import Range
from dco_stream.seed import Files, demand_empty, fence, log_file
from dco_stream.state import iso_of_millis

Item = TypeVar("Item")
FETCHES = 8
REASON = "was restored; it is checked, and then its fence is lifted"
OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
)
Say = Callable[[str], None]


class Neo4j(msgspec.Struct, frozen=True):
    """Where Neo4j's own files are on this machine, and the plugin's jar if that is not beside them."""

    home: Path
    plugin: Path | None = None

    @property
    def jar(self) -> Path:
        """Where the plugin's jar is, or would be."""
        places = (self.plugin, self.home / "plugin" / "dco.jar", self.home / "plugins" / "dco.jar")
        named = [place for place in places if place]
        return next((place for place in named if place.exists()), named[0])

    @property
    def command(self) -> str:
        """Where Java is."""
        beside = self.home.parent.parent / "bin" / "java"
        return str(beside) if beside.exists() else "java"

    def java(self, program: str) -> list[str]:
        """Give the command that runs a program of Neo4j's or the plugin's jars."""
        classpath = f"{self.home / 'lib'}/*:{self.jar}"
        return [self.command, *OPTIONS, "-cp", classpath, program]


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was made: from which copy, and how much of its log was read."""

    base: str
    neo4j: str
    log_bytes: dict[str, int]


class Choice(msgspec.Struct, frozen=True):
    """What a restore is made of: a copy, and for each of its databases the pieces of the log, in their order."""

    manifest: Manifest
    logs: dict[str, list[Segment]]
    until: int
    """All that was closed before this moment is in it; more may be, if the latest was asked for."""

    @property
    def log_bytes(self) -> int:
        """How many bytes of log are laid down, at most."""
        return sum(one.end - one.offset for log in self.logs.values() for one in log)


def restore(archive: Archive, neo4j: Neo4j, home: Path, until: int | None, say: Say) -> Restored:
    """Make `home/data` hold all that had been closed before a moment (ms of the server's clock; None: all), fenced.

    Raises `Refused` when the moment is not kept or the place not empty, and
    `Damaged` when what is kept is; `home` then holds what had been made so far and is to be thrown away.
    """
    return make(archive, choose(archive, until), neo4j, home, until, say)


def make(
    archive: Archive,
    choice: Choice,
    neo4j: Neo4j,
    home: Path,
    until: int | None,
    say: Say,
    *,
    last: Mapping[str, int] | None = None,
) -> Restored:
    """Make what was chosen; see `restore`. `last` names, for each database, the last transaction that it may hold."""
    manifest, data = choice.manifest, home / "data"
    demand_empty(data, tuple(manifest.parts))

    def one(name: str) -> int:
        fence(data, name, REASON)
        files, part = Files(data, name), manifest.parts[name]
        _lay_store(fetch(archive, manifest.id, name, part.packs), part, files, say)
        size = _lay_log(_fetch_log(archive, part.series, name, choice.logs[name]), files)
        files.close()
        say(f"{name}: recovering from {size / 2**20:.1f} MB of log")
        moment = "all" if until is None else f"time={until}"
        recover(neo4j, home, name, moment if last is None else f"transaction={last[name]}", say)
        return size

    with ThreadPoolExecutor(len(manifest.parts)) as pool:
        sizes = dict(zip(manifest.parts, pool.map(one, manifest.parts), strict=True))
    return Restored(base=manifest.id, neo4j=manifest.neo4j, log_bytes=sizes)


def choose(archive: Archive, until: int | None) -> Choice:
    """Choose the copy and, for each of its databases, the pieces of the log. Raises `Refused` when there are none."""
    good, broken = archive.manifests()
    kept, logs = archive.kept(), listing.Logs(archive, good)
    told = zip(good, listing.describe_all(good, logs, kept), strict=True)
    fitting = [(copy.range, one) for one, copy in told if copy.range and _covers(copy.range, until)]
    if not fitting:
        raise _nothing(archive, broken, until)
    # For a moment: the less log is to be read, the better. For the latest: what reaches farthest.
    best = max(fitting, key=lambda one: (0 if until is not None else one[0].end, one[0].begin))
    parts = best[1].parts
    return Choice(
        best[1],
        {name: choosing.pieces(part, logs.of(name, part), kept.get(name), until) for name, part in parts.items()},
        best[0].end if until is None else until,
    )


def _covers(one: Range, moment: int | None) -> bool:
    return moment is None or one.begin <= moment <= one.end


def _nothing(archive: Archive, broken: list[Broken], until: int | None) -> StreamError:
    """Say why nothing can be restored, and what can."""
    listed = listing.read(archive)
    if broken and not listed.copies:
        return Damaged(broken[0].why, "`dco-stream verify` tells what else is; look at the bucket's older versions")
    what = f"{archive.database} as it was at {iso_of_millis(until)}" if until is not None else archive.database
    near = moments.nearest(listed.ranges, until or 0)
    return Refused(f"{what} is not kept", f"{near}; `dco-stream list` shows every time")


def recover(neo4j: Neo4j, home: Path, name: str, until: str, say: Say) -> None:
    """Let Neo4j recover a database from its log until a moment. Raises `Refused` with its complaint."""
    command = [*neo4j.java("dco.Recover"), str(home), name, until]
    log = home / f"recover-{name}.log"
    if programs.run(command, {**os.environ, "NEO4J_HOME": str(home)}, log, say, f"{name}: recovering") != 0:
        remedy = "restore to another time, or look at `dco-stream verify`"
        raise Refused(f"Neo4j can't recover {name}: {programs.last_lines(log, 1)}", remedy)


def _lay_store(packs: Iterator[bytes], part: Part, files: Files, say: Say) -> None:
    """Put a copy's files in their places."""
    buffer = bytearray()
    for file in part.files:
        files.add(file.name, b"")
        left = file.size
        while left:
            if not buffer:
                buffer += next(packs)
                say(f"{files.size / 2**20:.0f} MB of the copy")
            some = bytes(buffer[:left])
            del buffer[:left]
            files.add(file.name, some)
            left -= len(some)


def _lay_log(pieces: Iterator[tuple[Segment, bytes]], files: Files) -> int:
    """Put the pieces of the log in their places, each byte once; return how many bytes that was."""
    size = 0
    ends: dict[int, int] = {}
    for segment, content in pieces:
        fresh = content[laid(segment, ends) :]
        files.add(log_file(segment.version), fresh)
        size += len(fresh)
    return size


def laid(segment: Segment, ends: dict[int, int]) -> int:
    """Say how many of a piece's bytes an earlier one had; `ends` are those of the files so far."""
    already = max(0, ends.get(segment.version, 0) - segment.offset)
    ends[segment.version] = segment.end
    return already


def fetch(archive: Archive, base: str, name: str, packs: tuple[Pack, ...]) -> Iterator[bytes]:
    """Read a copy's packs in their order, some ahead. Raises `Damaged` at the first that is not as it was."""

    def one(pack: Pack) -> bytes:
        key = archive.key("bases", base, name, pack.name)
        return segments.unpack(archive.bucket.demand(key, pack.sha256), pack.length, key)

    yield from _ahead(one, packs)


def _fetch_log(archive: Archive, series: str, name: str, log: list[Segment]) -> Iterator[tuple[Segment, bytes]]:
    yield from zip(log, _ahead(lambda one: archive.segment(series, name, one), log), strict=True)


def _ahead(read: Callable[[Item], bytes], items: Sequence[Item]) -> Iterator[bytes]:
    """Read items in their order, some at a time, and no more ahead than that."""
    with ThreadPoolExecutor(FETCHES) as pool:
        for begin in range(0, len(items), FETCHES):
            yield from pool.map(read, items[begin : begin + FETCHES])
