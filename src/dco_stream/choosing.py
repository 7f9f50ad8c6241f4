"""Which copy and which pieces of the log make up a database as it was at a moment. Pure."""

from datetime import UTC, datetime

import msgspec

from dco_stream.archive import segments
from dco_stream.archive.bases import Part
from dco_stream.archive.segments import Position, Segment
from dco_stream.errors import Refused
from dco_stream.state import Kept, iso_of_millis


class Span(msgspec.Struct, frozen=True):
    """From when to when (ms of the server's clock) a copy of one database can be restored, and why no longer."""

    begin: int
    end: int
    transaction: int
    gap: Position | None


def span(part: Part, found: list[Segment], kept: Kept | None) -> Span:
    """Say which moments a copy and the pieces of its log cover; none, if `end` is before `begin`.

    `kept` is what the stream said last: while nothing is written there are no pieces, and only it says until when.
    """
    chosen, gap = segments.chain(found, part.needed)
    if not chosen or chosen[-1].finish < part.end:
        return Span(begin=part.at, end=part.at - 1, transaction=0, gap=gap)
    # What another stream kept of the same log tells, too, as far as the log reaches.
    told = [one for one in found if one.begin >= part.needed and one.finish <= chosen[-1].finish]
    end, transaction = max(one.until for one in told), max(one.transaction for one in told)
    if kept and kept.series == part.series and kept.transaction == transaction and gap is None:
        end = max(end, millis(kept.until))
    return Span(begin=part.at, end=end, transaction=transaction, gap=gap)


def pieces(part: Part, found: list[Segment], kept: Kept | None, until: int | None) -> list[Segment]:
    """Choose the pieces of the log with which a copy has everything closed before a moment, or all that is kept.

    Raises `Refused` when the moment is outside of what is kept.
    """
    covered = span(part, found, kept)
    until = covered.end if until is None else until
    if not covered.begin <= until <= covered.end:
        raise Refused(
            f"{_time(until)} is not kept: from this copy on it is {_time(covered.begin)} to {_time(covered.end)}",
            "`dco-stream list` shows every time that can be restored",
        )
    chosen, _ = segments.chain(found, part.needed)
    if chosen[-1].until < until:
        return chosen
    for count, one in enumerate(chosen, 1):
        if one.until >= until and one.finish >= part.end:
            return chosen[:count]
    return chosen


def millis(time: str) -> int:
    """Read a time as milliseconds since 1970. Raises ValueError."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def _time(millis: int) -> str:
    return iso_of_millis(millis) if millis else datetime.fromtimestamp(0, UTC).isoformat()
