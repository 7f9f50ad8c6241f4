"""Fingerprints under a salt, the same that the plugin makes (`Content` in neo4j-plugin/ is the other side).

A fingerprint is the first 16 bytes of a SHA-256. The salt is new for each comparison, so that nobody can have stored
content whose fingerprints add up to those of another. Sums are two numbers modulo 2^64.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence

from dco_stream.compare import values

BYTES = 16
BUCKETS = 1024
EVERY_BUCKET = b"\xff" * (BUCKETS // 8)
NO_BUCKET = b""
ABSENT = bytes(BYTES)
MASK = 2**64 - 1


class Salted:
    """Makes fingerprints under one salt."""

    def __init__(self, salt: bytes) -> None:
        self.salt = salt

    def of(self, content: bytes) -> bytes:
        """Sum up bytes."""
        return hashlib.sha256(self.salt + content).digest()[:BYTES]

    def property(self, key: str, value: bytes) -> bytes:
        """Sum up a property: its key and its value as `values.write` gives it."""
        return self.of(values.block(b"k", key.encode()) + value)

    def node(self, labels: Iterable[str], properties: Iterable[bytes]) -> bytes:
        """Sum up a node: its labels and the fingerprints of its properties."""
        names = sorted(label.encode() for label in labels)
        head = struct.pack(">cI", b"N", len(names)) + b"".join(values.block(b"L", name) for name in names)
        return self.of(head + b"".join(sorted(properties)))

    def body(self, kind: str, properties: Iterable[bytes]) -> bytes:
        """Sum up a relationship by itself: its type and the fingerprints of its properties."""
        return self.of(values.block(b"R", kind.encode()) + b"".join(sorted(properties)))

    def link(self, body: bytes, start: bytes, end: bytes) -> bytes:
        """Sum up a relationship where it stands: itself, and the nodes at its start and its end."""
        return self.of(body + start + end)


def bucket(digest: bytes) -> int:
    """Say which bucket a fingerprint is in: its first ten bits."""
    return digest[0] << 2 | digest[1] >> 6


def bitmap(buckets: Sequence[int]) -> bytes:
    """Write buckets as the bits that the plugin wants."""
    bits = bytearray(BUCKETS // 8)
    for each in buckets:
        bits[each >> 3] |= 1 << (each & 7)
    return bytes(bits)


def differing(one: bytes, other: bytes) -> list[int]:
    """List the buckets whose sums differ."""
    return [
        at for at in range(BUCKETS) if one[at * BYTES : at * BYTES + BYTES] != other[at * BYTES : at * BYTES + BYTES]
    ]


def add_buckets(one: bytes, other: bytes) -> bytes:
    """Add the sums of all buckets."""
    form = f">{2 * BUCKETS}Q"
    pairs = zip(struct.unpack(form, one), struct.unpack(form, other), strict=True)
    return struct.pack(form, *((a + b) & MASK for a, b in pairs))
