"""Proofs for calls of the Neo4j plugin: an HMAC over the server, the procedure, its arguments, a nonce and an expiry.

Both sides write arguments as the same bytes; `Canonical` in neo4j-plugin/ is the other side.
"""

import hashlib
import hmac
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

Argument: TypeAlias = bool | int | str | bytes | Sequence["Argument"] | None

LEAST_KEY_BYTES = 32


class BadKeyError(ValueError):
    """A key file holds no key that the plugin would take; its message says what one looks like."""


class Proof(msgspec.Struct, frozen=True):
    """What goes along with a call as its last argument. It is good once, until `expires` (ms of the server's clock)."""

    nonce: str
    expires: int
    mac: str


def prove(key: bytes, *, server: str, procedure: str, arguments: Sequence[Argument], nonce: str, expires: int) -> Proof:
    """Sign one call of a procedure on the server that `dco.identity` named. Raises TypeError for a float or a map."""
    words: list[Argument] = ["dco", server, procedure, arguments, nonce, expires]
    return Proof(nonce, expires, hmac.new(key, canonical(words), hashlib.sha256).hexdigest())


def canonical(value: Argument) -> bytes:
    """Write a value so that no other value has the same bytes: a tag, its length where that varies, its content."""
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return struct.pack(">cq", b"i", value)
    if isinstance(value, str):
        return _block(b"s", value.encode())
    if isinstance(value, bytes):
        return _block(b"b", value)
    if isinstance(value, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance] -- callers may not be typed
        return struct.pack(">cI", b"l", len(value)) + b"".join(canonical(item) for item in value)
    raise TypeError(f"A {type(value).__name__} can't be signed.")


def read_key(path: Path) -> bytes:
    """Read the newest key of a key file: its first line, 32 bytes or more in hexadecimal digits."""
    lines = path.read_text().split()
    try:
        key = bytes.fromhex(lines[0])
    except (IndexError, ValueError):
        key = b""
    if len(key) < LEAST_KEY_BYTES:
        raise BadKeyError(f"{path} holds no key: its first line must be {LEAST_KEY_BYTES * 2} hexadecimal digits.")
    return key


def _block(tag: bytes, content: bytes) -> bytes:
    return struct.pack(">cI", tag, len(content)) + content
