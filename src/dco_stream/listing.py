"""What is kept of a database, and which moments can be restored from it."""

from collections.abc import Iterator

import msgspec

from dco_stream import choosing, moments
from dco_stream.archive.archive import Archive, Broken
from dco_stream.archive.bases import Manifest, Part
from dco_stream.archive.segments import Position, Segment
from dco_stream.errors import Refused
from dco_stream.moments import Copy, Range
from dco_stream.state import Kept


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Every copy, oldest first; the moments that can be restored; the times between them that can't."""

    database: str
    copies: tuple[Copy, ...]
    ranges: tuple[Range, ...]
    holes: tuple[Range, ...]
    unfinished: tuple[str, ...]
    """Copies without a manifest: under way, or of a stream that was stopped."""
    broken: tuple[Broken, ...]


class Logs:
    """The pieces of an archive's logs, each log listed once. `without` are keys that are not to be used."""

    def __init__(self, archive: Archive, manifests: list[Manifest], without: frozenset[str] = frozenset()) -> None:
        self._archive = archive
        self._without = without
        self._first: dict[tuple[str, str], Position] = {}
        for manifest in manifests:
            for name, part in manifest.parts.items():
                log = (part.series, name)
                self._first[log] = min(self._first.get(log, part.needed), part.needed)
        self._found: dict[tuple[str, str], list[Segment]] = {}

    def of(self, name: str, part: Part) -> list[Segment]:
        """List the pieces of the log that goes on from a part, in their order."""
        return [one for one in self._pieces(part.series, name) if one.version >= part.needed.version]

    def all(self) -> Iterator[tuple[str, str, Segment]]:
        """List every piece with its series and its database."""
        for series, name in self._first:
            yield from ((series, name, one) for one in self._pieces(series, name))

    def _pieces(self, series: str, name: str) -> list[Segment]:
        log = (series, name)
        if log not in self._found:
            found = self._archive.segments(series, name, self._first[log])
            key, without = self._archive.segment_key, self._without
            good = [one for one in found if not without or key(series, name, one) not in without]
            self._found[log] = sorted(good, key=lambda one: (one.begin, -one.end))
        return self._found[log]


def read(archive: Archive) -> Listing:
    """Read what is kept. Raises `Refused` when the bucket holds nothing of this database."""
    good, broken = archive.manifests()
    ids = archive.base_ids()
    if not ids:
        demand_known(archive)
    finished = {one.id for one in good} | {one.id for one in broken}
    copies = tuple(describe_all(good, Logs(archive, good), archive.kept()))
    ranges = moments.union(one.range for one in copies if one.range)
    return Listing(
        database=archive.database,
        copies=copies,
        ranges=ranges,
        holes=moments.holes(ranges),
        unfinished=tuple(one for one in ids if one not in finished),
        broken=tuple(broken),
    )


def describe_all(manifests: list[Manifest], logs: Logs, kept: dict[str, Kept]) -> list[Copy]:
    """Tell of each copy."""
    return [
        moments.describe(
            one,
            {name: choosing.span(part, logs.of(name, part), kept.get(name)) for name, part in one.parts.items()},
        )
        for one in manifests
    ]


def demand_known(archive: Archive) -> None:
    """Raise `Refused` when the bucket holds nothing of a database, and say what it does hold."""
    if archive.bucket.get(archive.key("state.json")) is not None:
        return
    bucket, place = archive.bucket, f"bucket {archive.bucket.name} under {archive.bucket.prefix or 'no prefix'}"
    names = bucket.folders("")
    ours = [name for name in names if bucket.get(f"{name}/state.json") is not None]
    if ours:
        raise Refused(
            f"{place} holds nothing of {archive.database}", f"it holds {', '.join(ours)}: look at name and prefix"
        )
    if names or next(bucket.keys(""), None) is not None:
        raise Refused(f"{place} holds nothing of dco-stream's, but other things", "look at [bucket] name and prefix")
    raise Refused(
        f"{place} is empty", "let the stream run until it has kept something, or look at [bucket] name and prefix"
    )
