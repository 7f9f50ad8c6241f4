"""Just enough of PackStream to find a few fields: everything else is skipped, and nothing else is copied."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Value: TypeAlias = "str | int | bool | Sequence[Value] | Mapping[str, Value] | None"

_FIXED = {0xC0: 1, 0xC1: 9, 0xC2: 1, 0xC3: 1, 0xC8: 2, 0xC9: 3, 0xCA: 5, 0xCB: 9}
_BYTES = {0xCC: 1, 0xCD: 2, 0xCE: 4}
_STRINGS = {0xD0: 1, 0xD1: 2, 0xD2: 4}
_LISTS = {0xD4: 1, 0xD5: 2, 0xD6: 4}
_MAPS = {0xD8: 1, 0xD9: 2, 0xDA: 4}


class UnreadableError(ValueError):
    """These bytes are not the PackStream that was looked for."""


def skip(content: bytes, at: int) -> int:
    """Give the place behind the value at a place. Never recurses, however deep the value is nested."""
    left = 1
    while left:
        left -= 1
        marker = _marker(content, at)
        if marker < 0x80 or marker >= 0xF0:
            at += 1
        elif marker < 0xC0:
            at += 1
            left += _children(marker)
            at += 1 if marker >= 0xB0 else 0  # a structure's tag
            at += marker & 0xF if marker < 0x90 else 0
        elif marker in _FIXED:
            at += _FIXED[marker]
        else:
            at, children = _long(content, at, marker)
            left += children
    if at > len(content):
        raise UnreadableError("it ends in the middle of a value")
    return at


def string(content: bytes, at: int) -> tuple[bytes, int]:
    """Give the string at a place as its bytes, and the place behind."""
    size, start = _sized(content, at, 0x80, _STRINGS)
    if start + size > len(content):
        raise UnreadableError("it ends in the middle of a string")
    return content[start : start + size], start + size


def integer(content: bytes, at: int) -> int:
    """Give the integer at a place."""
    marker = _marker(content, at)
    if marker < 0x80:
        return marker
    if marker >= 0xF0:
        return marker - 0x100
    if marker not in {0xC8, 0xC9, 0xCA, 0xCB}:
        raise UnreadableError("it is no integer")
    return int.from_bytes(content[at + 1 : at + _FIXED[marker]], "big", signed=True)


def entries(content: bytes, at: int) -> Iterator[tuple[bytes, int]]:
    """Give each key of the map at a place, with the place of its value."""
    count, at = _sized(content, at, 0xA0, _MAPS)
    for _ in range(count):
        key, at = string(content, at)
        yield key, at
        at = skip(content, at)


def pack(value: Value) -> bytes:
    """Write a value."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 0x80 else b"\xcb" + value.to_bytes(8, "big", signed=True)
    if isinstance(value, str):
        text = value.encode()
        return _head(len(text), 0x80, 0xD2) + text
    if isinstance(value, Mapping):
        return _head(len(value), 0xA0, 0xDA) + b"".join(pack(key) + pack(one) for key, one in value.items())
    return _head(len(value), 0x90, 0xD6) + b"".join(pack(one) for one in value)


def _head(size: int, tiny: int, long: int) -> bytes:
    return bytes([tiny + size]) if size < 0x10 else bytes([long]) + size.to_bytes(4, "big")


def _marker(content: bytes, at: int) -> int:
    if at >= len(content):
        raise UnreadableError("it ends where a value should begin")
    return content[at]


def _children(marker: int) -> int:
    if marker < 0x90:
        return 0
    return (marker & 0xF) * (2 if 0xA0 <= marker < 0xB0 else 1)


def _long(content: bytes, at: int, marker: int) -> tuple[int, int]:
    """Step over the head of a long value, and over its bytes if it has no children."""
    for kinds, factor in ((_BYTES, 0), (_STRINGS, 0), (_LISTS, 1), (_MAPS, 2)):
        if marker in kinds:
            width = kinds[marker]
            size = int.from_bytes(content[at + 1 : at + 1 + width], "big")
            return at + 1 + width + (size if factor == 0 else 0), size * factor
    raise UnreadableError(f"0x{marker:02X} begins no value")


def _sized(content: bytes, at: int, tiny: int, widths: dict[int, int]) -> tuple[int, int]:
    """Give the size that a head tells, and the place behind the head."""
    marker = _marker(content, at)
    if marker & 0xF0 == tiny:
        return marker & 0xF, at + 1
    if marker not in widths:
        raise UnreadableError(f"0x{marker:02X} is not what should be here")
    return int.from_bytes(content[at + 1 : at + 1 + widths[marker]], "big"), at + 1 + widths[marker]
