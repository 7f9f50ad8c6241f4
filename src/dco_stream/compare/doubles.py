"""Finds nodes that look the same: in memory if there are few nodes, else in partitions on disk."""

import struct
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PARTITION_NODES = 200_000
_MOST_PARTITIONS = 4_096
_RECORD = struct.Struct(">q16s")
_FLUSH_BYTES = 8_192
_Nodes = Iterable[tuple[int, bytes]]


class Doubles(NamedTuple):
    """Nodes that share a colour with another: a bit for each id, how many they are, and how many colours they have."""

    bits: bytearray
    nodes: int
    colours: int

    def has(self, node: int) -> bool:
        """Say whether a node is one of them."""
        return bool(self.bits[node >> 3] >> (node & 7) & 1)


def find(nodes: _Nodes, ids: int, directory: Path, partition: int = PARTITION_NODES) -> Doubles:
    """Find the doubles among nodes whose ids are below `ids`."""
    parts = min(_MOST_PARTITIONS, 1 << (ids // partition).bit_length()) if ids > partition else 1
    bits = bytearray((ids + 7) // 8)
    found = colours = 0
    with tempfile.TemporaryDirectory(dir=directory) as place:
        for part in _partitions(nodes, parts, Path(place)):
            counts = Counter(colour for _, colour in part())
            for node, colour in part():
                if counts[colour] > 1:
                    bits[node >> 3] |= 1 << (node & 7)
                    found += 1
            colours += sum(count > 1 for count in counts.values())
    return Doubles(bits, found, colours)


def _partitions(nodes: _Nodes, parts: int, place: Path) -> Iterator[Callable[[], _Nodes]]:
    """Give nodes in parts, each of which can be gone through more than once; the same colours are in the same part."""
    if parts == 1:
        yield lambda held=list(nodes): held
        return
    waiting = [bytearray() for _ in range(parts)]
    for node, colour in nodes:
        part = int.from_bytes(colour[:4], "big") % parts
        waiting[part] += _RECORD.pack(node, colour)
        if len(waiting[part]) > _FLUSH_BYTES:
            _flush(waiting[part], place / str(part))
    for part, rest in enumerate(waiting):
        _flush(rest, place / str(part))
        yield lambda path=place / str(part): _records(path)


def _flush(waiting: bytearray, path: Path) -> None:
    with path.open("ab") as file:
        file.write(waiting)
    waiting.clear()


def _records(path: Path) -> _Nodes:
    with path.open("rb") as file:
        while chunk := file.read(_RECORD.size * 4096):
            yield from _RECORD.iter_unpack(chunk)
