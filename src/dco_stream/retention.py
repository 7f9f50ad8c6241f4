"""Which copies and pieces of a log are past their time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from dco_stream import listing
from dco_stream.archive.archive import Archive
from dco_stream.archive.bases import Manifest

UNFINISHED_HOURS = 48


class Reach(msgspec.Struct, frozen=True):
    """The moments (ms of the server's clock) that can be restored from a copy; none, when `end` is before `begin`."""

    id: str
    begin: int
    end: int


def forget(archive: Archive, days: float, now: datetime) -> list[str]:
    """Delete what no moment of the last so many days needs; return the keys. What can't be read is never deleted.

    The days are counted back from the newest copy, if that is earlier: neither a clock that is ahead nor a stream that
    stood still for long makes anything go.
    """
    good, broken = archive.manifests()
    if broken or not good:
        return []
    since = _since(good, days, now)
    logs = listing.Logs(archive, good)
    told = listing.describe_all(good, logs, archive.kept())
    reaches = [Reach(one.id, one.begin, copy.range.end if copy.range else 0)
               for one, copy in zip(good, told, strict=True)]  # fmt: skip
    kept = needed(reaches, since)
    doomed = [key for base in archive.base_ids() if _is_past(base, good, kept, now) for key in _objects(archive, base)]
    doomed += _log(archive, [one for one in good if one.id in kept])
    doomed += _abandoned(archive, good, since)
    archive.bucket.delete(doomed)
    return doomed


def needed(copies: list[Reach], since: int) -> set[str]:
    """Choose the copies from which every moment since then is restored that could be from all of them.

    Of those from before then that is the one which reaches farthest. The newest from before then stays in any case.
    """
    before = [one for one in copies if one.begin <= since]
    after = {one.id for one in copies if one.begin > since}
    if not before:
        return after
    farthest = max(before, key=lambda one: (one.end, one.begin))
    return after | {farthest.id, max(before, key=lambda one: one.begin).id}


def _since(good: list[Manifest], days: float, now: datetime) -> int:
    newest = min(now, datetime.fromtimestamp(max(one.begin for one in good) / 1000, UTC))
    return round((newest - timedelta(days=days)).timestamp() * 1000)


def _is_past(base: str, good: list[Manifest], kept: set[str], now: datetime) -> bool:
    if base in kept:
        return False
    if base in {one.id for one in good}:
        return True
    # Unfinished: of a stream that was stopped, or one that is at it.
    try:
        begun = datetime.strptime(base[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return now - begun > timedelta(hours=UNFINISHED_HOURS)


def _objects(archive: Archive, base: str) -> list[str]:
    """A copy's keys, its manifest first: half deleted it must not look like one."""
    keys = list(archive.bucket.keys(archive.key("bases", base, "")))
    return sorted(keys, key=lambda key: not key.endswith("manifest.json"))


def _log(archive: Archive, kept: list[Manifest]) -> list[str]:
    """The keys of pieces from before all copies that are kept of that log."""
    first: dict[tuple[str, str], int] = {}
    for manifest in kept:
        for name, part in manifest.parts.items():
            known = first.get((part.series, name), part.needed.version)
            first[part.series, name] = min(known, part.needed.version)
    doomed: list[str] = []
    for (series, name), version in first.items():
        old = [one for one in archive.segments(series, name) if one.version < version]
        doomed += [archive.segment_key(series, name, one) for one in old]
    return doomed


def _abandoned(archive: Archive, good: list[Manifest], since: int) -> Iterator[str]:
    """The keys of logs that no copy which can be read goes on with, and that ended before a moment."""
    known = {part.series for one in good for part in one.parts.values()}
    for series in archive.series():
        if series in known:
            continue
        for name in archive.bucket.folders(archive.key("series", series, "")):
            found = archive.segments(series, name)
            if 0 < max((one.until for one in found), default=0) < since:
                yield from (archive.segment_key(series, name, one) for one in found)
