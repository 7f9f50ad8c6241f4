"""Joins small pieces of a log into large ones, so that a restore has few to list and to read.

A large piece is put first, read again, and only then are the small ones in it deleted. Whoever is killed in between
leaves bytes twice, which nobody minds. Two that join at once delete nothing but what lies within something larger.
"""

import threading
from collections.abc import Iterator
from itertools import groupby

from dco_stream.archive import segments
from dco_stream.archive.archive import Archive
from dco_stream.archive.segments import Segment

LEAST_PIECES = 600
"""How many small pieces are let be: ten minutes of a busy database's."""
MOST_BYTES = 8 << 20
LOOK_SECONDS = 300.0


class Joining:
    """Joins what is kept of each log, now and then."""

    def __init__(self, archive: Archive, seconds: float = LOOK_SECONDS) -> None:
        self._archive = archive
        self._seconds = seconds
        self.ending = threading.Event()

    def begin(self) -> None:
        """Nothing is to be found."""

    def step(self) -> None:
        """Look at each log."""
        for series in self._archive.series():
            for part in self._archive.bucket.folders(self._archive.key("series", series, "")):
                for _ in join(self._archive, series, part):
                    if self.ending.is_set():
                        return
        self.ending.wait(self._seconds)


def join(archive: Archive, series: str, part: str, least: int = LEAST_PIECES, most: int = MOST_BYTES) -> Iterator[str]:
    """Join the pieces of a log, and delete those that lie within a larger one; give what was done, step by step.

    Raises `Damaged` for a piece that is not what was written: nothing is made of that, and nothing of it deleted.
    """
    found = archive.segments(series, part)
    for pieces in plan(found, least, most):
        stored, checksum = segments.pack(_content(archive, series, part, pieces))
        joined = become(pieces, found, checksum)
        archive.put_segment(series, part, joined, stored)
        found.append(joined)
        yield f"joined {len(pieces)} pieces"
    for larger, within in superfluous(found):
        archive.segment(series, part, larger)
        archive.bucket.delete([archive.segment_key(series, part, one) for one in within])
        yield f"deleted {len(within)} pieces"


def plan(found: list[Segment], least: int, most: int) -> list[list[Segment]]:
    """Choose neighbours of one file that become one piece: as many bytes as may be, or many pieces. Pure.

    The last piece is let be: a stream that starts compares it with the server.
    """
    groups: list[list[Segment]] = []
    for run in _runs(found):
        for _, file in groupby(run, key=lambda one: one.version):
            groups += _groups(list(file), least, most, is_last=run[-1].version)
    return [group for group in groups if len(group) > 1]


def become(pieces: list[Segment], found: list[Segment], checksum: str) -> Segment:
    """Say what neighbours become: one piece that tells all that those within it do. Pure."""
    first, last = pieces[0], pieces[-1]
    told = [one for one in found if one.version == first.version and first.offset <= one.offset and one.end <= last.end]
    return Segment(
        version=first.version,
        offset=first.offset,
        end=last.end,
        before=max(one.before for one in told if one.offset == first.offset),
        transaction=max(one.transaction for one in told),
        until=max(one.until for one in told),
        sha256=checksum,
    )


def superfluous(found: list[Segment]) -> list[tuple[Segment, list[Segment]]]:
    """Give each piece that has others within it which tell no more than it does, and those. Pure.

    Of two with the same bytes the one whose name is greater stays, so that two who delete at once leave one.
    """
    within: dict[Segment, list[Segment]] = {}
    for _, file in groupby(sorted(found, key=lambda one: one.name), key=lambda one: one.version):
        largest: list[Segment] = []
        for one in sorted(file, key=lambda one: (one.offset, -one.end, _reverse(one.name))):
            largest = [large for large in largest if large.end > one.offset]
            outer = next((large for large in largest if _holds(large, one)), None)
            if outer is None:
                largest.append(one)
            else:
                within.setdefault(outer, []).append(one)
    return list(within.items())


def _runs(found: list[Segment]) -> Iterator[list[Segment]]:
    """Give what can be read on without a gap, run by run."""
    left = sorted(found, key=lambda one: one.begin)
    while left:
        chosen, gap = segments.chain(left, left[0].begin)
        if chosen:
            yield chosen
        left = [one for one in left if one.begin > gap] if gap else []


def _groups(file: list[Segment], least: int, most: int, *, is_last: int) -> Iterator[list[Segment]]:
    """Cut a file's pieces into groups; the last group only when the file has ended, or there are many."""
    ended = file[0].version != is_last
    group: list[Segment] = []
    for one in file if ended else file[:-1]:
        if group and one.end - group[0].offset > most:
            yield group
            group = []
        group.append(one)
    if group and (ended or len(group) >= least):
        yield group


def _content(archive: Archive, series: str, part: str, pieces: list[Segment]) -> bytes:
    content = bytearray()
    for one in pieces:
        already = pieces[0].offset + len(content) - one.offset
        content += archive.segment(series, part, one)[already:]
    return bytes(content)


def _holds(large: Segment, small: Segment) -> bool:
    """Whether all that a piece has and tells is in another one, which stays if they are the same."""
    inside = large.offset <= small.offset and small.end <= large.end
    tells = large.until >= small.until and large.transaction >= small.transaction
    # Only one that begins a file says where the file before ends, and that only if its stream had read it.
    leads = large.offset < small.offset or large.before >= small.before
    return inside and tells and leads


def _reverse(name: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in name)
