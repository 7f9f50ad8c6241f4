"""Which moments can be restored, out of what the copies cover. Pure."""

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

import msgspec

from dco_stream.archive.bases import Manifest
from dco_stream.choosing import Span
from dco_stream.errors import BadConfiguration
from dco_stream.state import iso_of_millis

LATEST = "latest"


class Range(msgspec.Struct, frozen=True, order=True):
    """Every moment from `begin` to `end` (ms of the server's clock) can be restored."""

    begin: int
    end: int

    def __str__(self) -> str:
        return f"{iso_of_millis(self.begin)} to {iso_of_millis(self.end)}"


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy as it is told: how large, and what can be restored from it; nothing, if there is no range."""

    id: str
    taken: str
    neo4j: str
    formats: tuple[str, ...]
    size: int
    stored: int
    range: Range | None
    breaks: tuple[str, ...]
    """Where the logs that go on from it are broken off."""


def describe(manifest: Manifest, spans: dict[str, Span]) -> Copy:
    """Tell of a copy; `spans` are those of its parts."""
    begin, end = max(one.begin for one in spans.values()), min(one.end for one in spans.values())
    return Copy(
        id=manifest.id,
        taken=manifest.taken,
        neo4j=manifest.neo4j,
        formats=tuple(sorted({part.format for part in manifest.parts.values()})),
        size=manifest.size,
        stored=manifest.stored,
        range=Range(begin, end) if begin <= end else None,
        breaks=tuple(_broken_off(name, span) for name, span in sorted(spans.items()) if span.gap),
    )


def union(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Put ranges together, in their order, so that no two touch."""
    merged: list[Range] = []
    for one in sorted(ranges):
        if merged and one.begin <= merged[-1].end:
            merged[-1] = Range(merged[-1].begin, max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return tuple(merged)


def holes(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """Give what lies between ranges that don't touch: no moment strictly within can be restored."""
    return tuple(Range(one.end, other.begin) for one, other in pairwise(ranges))


def nearest(ranges: tuple[Range, ...], moment: int) -> str:
    """Say in a sentence which moments near to one that is not kept can be restored."""
    before = [iso_of_millis(one.end) for one in ranges if one.end < moment]
    after = [iso_of_millis(one.begin) for one in ranges if one.begin > moment]
    if not before and not after:
        return "nothing can be restored yet: `dco-stream status` shows how the first copy stands"
    return f"the nearest that can be restored: {' and '.join(before[-1:] + after[:1])}"


def read(time: str) -> int | None:
    """Read a time that a person wrote as ms since 1970; None for the latest. Raises `BadConfiguration`."""
    if time == LATEST:
        return None
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        raise BadConfiguration(f"{time!r} is no time", f"for example: 2026-11-26T03:15:00Z, or {LATEST}") from None
    if moment.tzinfo is None:
        raise BadConfiguration(f"{time} could be meant anywhere on earth", f"say where: {time}Z, or {time}+01:00")
    return round(moment.timestamp() * 1000)


def _broken_off(name: str, span: Span) -> str:
    gap = span.gap
    if gap is None:
        return ""
    reached = f"after {iso_of_millis(span.end)} (transaction {span.transaction})"
    where = reached if span.end >= span.begin else "before the copy is whole"
    return f"the log of {name} is broken off {where}: file {gap.version} lacks a piece from byte {gap.offset} on"
