"""Tells apart what looks the same and stands elsewhere: colours are refined by those of the neighbours, round by round.

After Weisfeiler and Leman. Sums over relationships with the fingerprints of both ends settle all between nodes that
have no double. Only doubles (nodes of the same colour) are refined, each by the colours at the other ends of its
relationships, until none is left, or a round splits nothing any more, or the rounds end. Then the relationships that
touch them are summed up once more, under the last colours: where no double is left, nothing else can differ.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from dco_stream.compare import digests, doubles
from dco_stream.compare.digests import BYTES, Salted
from dco_stream.compare.doubles import Doubles
from dco_stream.compare.graph import Graph, colours_in, write_all

_MASK_128 = 2**128 - 1
_TOUCHING = struct.Struct(">qqq16s")
_CHUNK = 16_384


class Refining:
    """Colours of one graph while they are refined, in files. Its links must be all that there are."""

    def __init__(self, graph: Graph, salted: Salted, found: Doubles) -> None:
        """Begin with the doubles that were found in the graph; those without a relationship are left out."""
        self._salted = salted
        self._ids = graph.ids
        self._directory = graph.directory
        self._colours = _Colours(self._directory / "colours", self._ids)
        for node, colour in graph.nodes():
            self._colours.put(node, colour)
        self._sums = _Colours(self._directory / "sums", self._ids)
        self._touching = os.open(self._directory / "touching", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self.doubles = self._connected(graph, found)

    def refine(self) -> bytes:
        """Refine the doubles' colours once; give the sum of their new ones, the same for graphs that look the same."""
        for _, start, end, body in self._links():
            if self.doubles.has(start):
                self._sums.add(start, self._salted.of(b"o" + body + self._colours.at(end)))
            if self.doubles.has(end):
                self._sums.add(end, self._salted.of(b"i" + body + self._colours.at(start)))
        total = 0
        for node, colour in self._doubled():
            refined = self._salted.of(b"w" + colour + self._sums.at(node))
            self._colours.put(node, refined)
            self._sums.put(node, digests.ABSENT)
            total += int.from_bytes(refined, "big")
        self.doubles = doubles.find(self._doubled(), self._ids, self._directory)
        return (total & _MASK_128).to_bytes(BYTES, "big")

    def nodes(self) -> Iterable[tuple[int, bytes]]:
        """Give each node's id and colour."""
        return colours_in(self._colours.file)

    def places(self) -> Iterator[tuple[int, bytes]]:
        """Give the relationships that touched a double at first: each one's id, and its fingerprint where it stands."""
        for link, start, end, body in self._links():
            yield link, self._salted.link(body, self._colours.at(start), self._colours.at(end))

    def close(self) -> None:
        """Close the files."""
        self._colours.close()
        self._sums.close()
        os.close(self._touching)

    def _doubled(self) -> Iterator[tuple[int, bytes]]:
        # A chunk is read before it is written: each node comes with the colour it had.
        return ((node, colour) for node, colour in self.nodes() if self.doubles.has(node))

    def _links(self) -> Iterator[tuple[int, int, int, bytes]]:
        offset = 0
        while chunk := os.pread(self._touching, _CHUNK * _TOUCHING.size, offset):
            offset += len(chunk)
            yield from _TOUCHING.iter_unpack(chunk)

    def _connected(self, graph: Graph, found: Doubles) -> Doubles:
        """Keep the links that touch a double, and the doubles that a link touches."""
        bits = bytearray(len(found.bits))
        records = bytearray()
        for link in graph.links():
            touched = [node for node in (link.start, link.end) if found.has(node)]
            for node in touched:
                bits[node >> 3] |= 1 << (node & 7)
            if touched:
                records += _TOUCHING.pack(link.id, link.start, link.end, link.body)
            if len(records) >= _CHUNK * _TOUCHING.size:
                write_all(self._touching, records)
                records = bytearray()
        write_all(self._touching, records)
        return Doubles(bits, int.from_bytes(bits, "big").bit_count(), found.colours)


class _Colours:
    """Sixteen bytes for each id, in a file: memory that is mapped would count as ours."""

    def __init__(self, path: Path, ids: int) -> None:
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.ftruncate(self.file, ids * BYTES)

    def at(self, node: int) -> bytes:
        return os.pread(self.file, BYTES, node * BYTES)

    def put(self, node: int, colour: bytes) -> None:
        os.pwrite(self.file, colour, node * BYTES)

    def add(self, node: int, colour: bytes) -> None:
        total = int.from_bytes(self.at(node), "big") + int.from_bytes(colour, "big")
        self.put(node, (total & _MASK_128).to_bytes(BYTES, "big"))

    def close(self) -> None:
        os.close(self.file)
