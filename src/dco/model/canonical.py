"""Canonical JSON and fingerprints: two values that mean the same have the same bytes."""

import hashlib

import msgspec


def canonical(value: object) -> bytes:
    """Return a value's JSON with sorted keys and no spaces, the same for equal values on every machine."""
    return msgspec.json.encode(msgspec.to_builtins(value), order="sorted")


def fingerprint(value: object) -> str:
    """Return the first 16 hex digits of the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()[:16]
