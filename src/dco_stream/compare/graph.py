"""One database's fingerprints in files, so that memory stays small however large the database is."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dco_stream.compare import digests
from dco_stream.compare.reading import LINK_BYTES

_CHUNK_NODES = 65_536
_CHUNK_LINKS = 16_384
_LINK = struct.Struct(">qqq16s16s")


class Link(NamedTuple):
    """A relationship: internal ids, the fingerprint of itself, and of where it stands."""

    id: int
    start: int
    end: int
    body: bytes
    place: bytes


class Graph:
    """Colours of nodes (their fingerprints, by id) and links. Of use only while the directory is there."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._nodes = os.open(directory / "nodes", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._links = os.open(directory / "links", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self.directory = directory

    def put_nodes(self, start: int, colours: bytes) -> None:
        """Write the colours of the ids from `start` on; absent ones are zeros. May be repeated."""
        os.lseek(self._nodes, start * digests.BYTES, os.SEEK_SET)
        write_all(self._nodes, colours)

    def add_links(self, records: bytes) -> None:
        """Write links to the end."""
        os.lseek(self._links, 0, os.SEEK_END)
        write_all(self._links, records)

    def forget_links(self) -> None:
        """Remove all links."""
        os.ftruncate(self._links, 0)

    @property
    def ids(self) -> int:
        """How many ids there are, absent ones too."""
        return os.fstat(self._nodes).st_size // digests.BYTES

    @property
    def node_file(self) -> int:
        """The descriptor of the colours' file."""
        return self._nodes

    def colour(self, node: int) -> bytes:
        """Give a node's colour."""
        return os.pread(self._nodes, digests.BYTES, node * digests.BYTES)

    def nodes(self) -> Iterator[tuple[int, bytes]]:
        """Give each node's id and colour."""
        return colours_in(self._nodes)

    def links(self) -> Iterator[Link]:
        """Give each link."""
        offset = 0
        while chunk := os.pread(self._links, _CHUNK_LINKS * LINK_BYTES, offset):
            yield from map(Link._make, _LINK.iter_unpack(chunk))
            offset += len(chunk)

    def close(self) -> None:
        """Close the files."""
        os.close(self._nodes)
        os.close(self._links)


def colours_in(file: int) -> Iterator[tuple[int, bytes]]:
    """Give the id and colour of each node in a file of colours."""
    at = 0
    while chunk := os.pread(file, _CHUNK_NODES * digests.BYTES, at * digests.BYTES):
        for (colour,) in struct.iter_unpack("16s", chunk):
            if colour != digests.ABSENT:
                yield at, colour
            at += 1


def write_all(file: int, content: bytes | bytearray) -> None:
    """Write bytes where the file's position is."""
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
