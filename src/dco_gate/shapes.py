"""Of what kinds a query's parameters are, never what they are: a server plans a query anew for each combination.

Sizes are told as a server tells them apart: rounded up to a power of ten.
"""

from typing import Optional

import msgspec

from dco_gate import bolt, packstream

MOST_PARAMETERS = 100
_RANGES = (
    (0x00, 0x7F, "integer"), (0x80, 0x8F, "string"), (0x90, 0x9F, "list"), (0xA0, 0xAF, "map"),
    (0xB0, 0xBF, "structure"), (0xC0, 0xC0, "null"), (0xC1, 0xC1, "float"), (0xC2, 0xC3, "boolean"),
    (0xC8, 0xCB, "integer"), (0xCC, 0xCE, "bytes"), (0xD0, 0xD2, "string"), (0xD4, 0xD6, "list"),
    (0xD8, 0xDA, "map"), (0xF0, 0xFF, "integer"),
)  # fmt: skip
_KINDS = {marker: kind for first, last, kind in _RANGES for marker in range(first, last + 1)}
_WIDTHS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD4: 1, 0xD5: 2, 0xD6: 4}
"""How many bytes of size follow these markers; others have it in themselves."""
_STRUCTURES = {
    ord("D"): "date", ord("T"): "time", ord("t"): "local time", ord("I"): "datetime", ord("i"): "datetime",
    ord("F"): "datetime", ord("f"): "datetime", ord("d"): "local datetime", ord("E"): "duration",
    ord("X"): "point", ord("Y"): "point in space",
}  # fmt: skip


class Shape(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter's kind; of strings, bytes and lists the size; of lists what the first element is."""

    kind: str
    size: int = 0
    of: Optional["Shape"] = None


Shapes = tuple[tuple[str, Shape], ...]
"""The shapes of a query's parameters by name, in the order of their names."""


def of_run(raw: bytes) -> Shapes | None:
    """Give the shapes of a RUN's parameters; None if they can't be read or are very many."""
    content = bolt.body(raw)
    try:
        found = list(packstream.entries(content, packstream.skip(content, 2)))
        if len(found) > MOST_PARAMETERS:
            return None
        kinds = {name.decode(errors="replace"): _shape(content, at) for name, at in found}
        return tuple((name, kinds[name]) for name in sorted(kinds))
    except packstream.UnreadableError:
        return None


def rounded(size: int) -> int:
    """Round up to a power of ten; nothing stays nothing."""
    power = 1
    while power < size:
        power *= 10
    return power if size else 0


def _shape(content: bytes, at: int, *, deeper: bool = True) -> Shape:
    marker = content[at]
    kind = _KINDS.get(marker, "other")
    if kind == "structure":
        return Shape(_STRUCTURES.get(content[at + 1], "other"))
    if kind not in {"string", "bytes", "list"}:
        return Shape(kind)
    size, start = marker & 0xF, at + 1
    if marker in _WIDTHS:
        start = at + 1 + _WIDTHS[marker]
        size = int.from_bytes(content[at + 1 : start], "big")
    inner = _shape(content, start, deeper=False) if kind == "list" and size and deeper else None
    return Shape(kind, rounded(size), inner)
