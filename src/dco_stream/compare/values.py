"""A property's value as bytes, the same that the plugin writes (`ValueBytes` in neo4j-plugin/ is the other side).

A tag for the type as Cypher knows it, then the value, bit by bit: a float as its bits, so that -0.0 and every NaN are
themselves, a list by its length and elements, a time with its zone's name.
"""

import struct
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeAlias, cast

import msgspec
from neo4j.spatial import Point
from neo4j.time import Date, DateTime, Duration, Time

from dco_stream.errors import Refused

NANOS = 1_000_000_000
_DAY_SECONDS = 86_400
_EPOCH = Date(1970, 1, 1).toordinal()
_Next: TypeAlias = "Callable[[], Zone] | None"


class ZonesUnknown(Exception):  # noqa: N818 -- no failure: the caller asks for the zones and writes again
    """A time with a zone or an offset, which the driver rounds to minutes, and UTC's name to none: ask the server."""


class Zone(msgspec.Struct, frozen=True):
    """What the server calls a time's zone (a name, `Z` or `+01:00`), and its offset in seconds."""

    name: str
    seconds: int


def write(value: Any, zones: Iterable[Zone] | None = None) -> bytes:
    """Write a value as a driver gives it, with the zones of its times in order.

    Raises `ZonesUnknown` when it needs zones and has none, `Refused` for a type that can't be stored as far as we know.
    """
    return _write(value, None if zones is None else iter(zones).__next__)


def block(tag: bytes, content: bytes) -> bytes:
    """Write a tag, a length and bytes."""
    return struct.pack(">cI", tag, len(content)) + content


def _write(value: object, next_zone: _Next) -> bytes:
    simple = _SIMPLE.get(type(value))
    if simple is not None:
        return simple(value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return struct.pack(">cI", b"l", len(items)) + b"".join(_write(item, next_zone) for item in items)
    if isinstance(value, Point):
        return struct.pack(f">ci{len(value)}d", b"p", value.srid, *cast("tuple[float, ...]", value))
    if isinstance(value, Time):
        return _time(value, next_zone)
    if isinstance(value, DateTime):
        return _moment(value, next_zone)
    raise Refused(
        f"a value of type {type(value).__name__} can't be fingerprinted yet", "leave this database out, and report it"
    )


def _time(time: Time, next_zone: _Next) -> bytes:
    if time.tzinfo is None:
        return struct.pack(">cq", b"c", time.ticks)
    return struct.pack(">cqq", b"o", time.ticks, _zone(next_zone).seconds)


def _moment(moment: DateTime, next_zone: _Next) -> bytes:
    clock = moment.hour * 3600 + moment.minute * 60 + moment.second
    seconds = (moment.date().toordinal() - _EPOCH) * _DAY_SECONDS + clock
    if moment.tzinfo is None:
        return struct.pack(">cqq", b"m", seconds, moment.nanosecond)
    # The driver made local time with the zone's offset as it knows it: taken off again, whatever it was.
    known = cast("timedelta", moment.utcoffset())
    seconds -= known.days * _DAY_SECONDS + known.seconds
    return struct.pack(">cqq", b"z", seconds, moment.nanosecond) + block(b"s", _zone(next_zone).name.encode())


def _zone(next_zone: _Next) -> Zone:
    if next_zone is None:
        raise ZonesUnknown
    return next_zone()


def _duration(span: Duration) -> bytes:
    seconds, nanos = divmod(span.seconds * NANOS + span.nanoseconds, NANOS)
    return struct.pack(">cqqqq", b"D", span.months, span.days, seconds, nanos)


_SIMPLE: dict[type, Callable[[Any], bytes]] = {
    str: lambda text: block(b"s", text.encode()),
    int: lambda number: struct.pack(">cq", b"i", number),
    float: lambda number: struct.pack(">cd", b"f", number),
    bool: lambda truth: b"t" if truth else b"F",
    bytes: lambda content: block(b"b", content),
    bytearray: lambda content: block(b"b", bytes(content)),
    Date: lambda date: struct.pack(">cq", b"d", date.toordinal() - _EPOCH),
    Duration: _duration,
}
