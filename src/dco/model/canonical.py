"""Canonical JSON and fingerprints: two values that mean the same have the same bytes."""

import hashlib
import json

import msgspec


def canonical(value: object) -> bytes:
    """Return a value's JSON with sorted keys and no spaces, the same for equal values on every machine."""
    plain = msgspec.to_builtins(value)
    try:
        return msgspec.json.encode(plain, order="sorted")
    except UnicodeEncodeError:  # a path that is not UTF-8
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


def fingerprint(value: object) -> str:
    """Return the first 16 hex digits of the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()[:16]
