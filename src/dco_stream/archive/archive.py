"""One database's part of the bucket.

DATABASE/bases/ID/PART/000000.pack      bytes of a copy
DATABASE/bases/ID/manifest.json         written last
DATABASE/series/LOG.N/PART/…            pieces of a log, see `segments`
DATABASE/state.json                     how the stream stands
DATABASE/wanted.json                    when a person last asked for a new copy
DATABASE/verified.json                  what the last verification found
"""

import msgspec

from dco_stream.archive import bases, segments
from dco_stream.archive.bases import Manifest
from dco_stream.archive.segments import Position, Segment
from dco_stream.bucket import Bucket
from dco_stream.errors import Damaged, Gone
from dco_stream.state import Kept, State


class Broken(msgspec.Struct, frozen=True):
    """A copy whose manifest can't be used, and why."""

    id: str
    why: str


class Archive:
    """What is kept of one database. May be used by any thread."""

    def __init__(self, bucket: Bucket, database: str) -> None:
        self.bucket = bucket
        self.database = database

    def key(self, *parts: str) -> str:
        """Give the key of something of this database."""
        return "/".join((self.database, *parts))

    def base_ids(self) -> list[str]:
        """List the names of copies, also of unfinished ones, oldest first."""
        return sorted(self.bucket.folders(self.key("bases", "")))

    def manifest(self, base: str) -> Manifest | None:
        """Read a copy's manifest; None while it is unfinished. Raises `Damaged`."""
        key = self.key("bases", base, "manifest.json")
        content = self.bucket.get(key)
        return None if content is None else bases.decode(content, key, self.database)

    def manifests(self) -> tuple[list[Manifest], list[Broken]]:
        """Read every finished copy's manifest, oldest first, and tell those that can't be read."""
        good: list[Manifest] = []
        broken: list[Broken] = []
        for base in self.base_ids():
            try:
                manifest = self.manifest(base)
            except Damaged as damaged:
                broken.append(Broken(base, damaged.what))
            else:
                good += [manifest] if manifest else []
        return good, broken

    def state(self) -> State | None:
        """Read what the stream said last; None when it never did. Raises `Damaged`."""
        key = self.key("state.json")
        content = self.bucket.get(key)
        try:
            return None if content is None else msgspec.json.decode(content, type=State)
        except msgspec.MsgspecError as error:
            raise Damaged(f"{key} can't be read: {error}", "a stream that runs writes it anew") from None

    def kept(self) -> dict[str, Kept]:
        """Give how far each log was kept, as the stream said last; nothing, when that can't be read.

        It only adds to what the pieces themselves say: until when nothing more was written.
        """
        try:
            state = self.state()
        except Damaged:
            state = None
        return {name: part.kept for name, part in state.parts.items() if part.kept} if state else {}

    def series(self) -> list[str]:
        """List the logs that are kept."""
        return self.bucket.folders(self.key("series", ""))

    def segments(self, series: str, part: str, start: Position | None = None) -> list[Segment]:
        """List the pieces of a log, of those from a file on when a position is given."""
        under = self.key("series", series, part, "")
        after = f"{under}{start.version:010}" if start else ""
        found = (segments.parse(key.removeprefix(under)) for key in self.bucket.keys(under, after))
        return [segment for segment in found if segment is not None]

    def segment_key(self, series: str, part: str, segment: Segment) -> str:
        """Give the key of a piece."""
        return self.key("series", series, part, segment.name)

    def segment(self, series: str, part: str, segment: Segment) -> bytes:
        """Read a piece's bytes, out of a larger piece if it was joined with others since it was listed.

        Raises `Damaged` when they are gone or changed.
        """
        key = self.segment_key(series, part, segment)
        try:
            return segments.unpack(self.bucket.demand(key, segment.sha256), segment.end - segment.offset, key)
        except Gone:
            larger = self._larger(series, part, segment)
            if larger is None:
                raise
        begin = segment.offset - larger.offset
        return self.segment(series, part, larger)[begin : begin + segment.end - segment.offset]

    def _larger(self, series: str, part: str, segment: Segment) -> Segment | None:
        """Find the largest piece of the same file that has all of a piece, and more."""
        under = self.key("series", series, part, f"{segment.version:010}-")
        cut = self.key("series", series, part, "")
        found = (segments.parse(key.removeprefix(cut)) for key in self.bucket.keys(under))
        fitting = [one for one in found if one and one.offset <= segment.offset and one.end >= segment.end]
        best = max(fitting, key=lambda one: one.end - one.offset, default=None)
        return best if best and best.end - best.offset > segment.end - segment.offset else None

    def put_segment(self, series: str, part: str, segment: Segment, stored: bytes) -> None:
        """Keep a piece."""
        self.bucket.put(self.segment_key(series, part, segment), stored)
