"""Terraform's values on the wire: msgpack with an extension for what is not known yet."""

from typing import Any

import msgpack
from msgpack.ext import ExtType

Values = dict[str, Any]
"""One object of a schema: attribute and block names to plain values; null is None, blocks are lists."""

UNKNOWN = ExtType(0, b"\x00")
"""A value that will be known after apply."""


def is_unknown(value: Any) -> bool:
    """Tell whether a value is unknown, with or without what Terraform already knows about it."""
    return isinstance(value, ExtType)


def holds_unknown(value: Any) -> bool:
    """Tell whether a value is unknown or has an unknown anywhere inside."""
    if isinstance(value, dict):
        return any(holds_unknown(v) for v in value.values())
    if isinstance(value, list):
        return any(holds_unknown(v) for v in value)
    return is_unknown(value)


def without_unknown(value: Any) -> Any:
    """Give the same value with None where something is unknown: what a create may rely upon."""
    if isinstance(value, dict):
        return {k: without_unknown(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_unknown(v) for v in value]
    return None if is_unknown(value) else value


def unpack(raw: bytes) -> Any:
    """Read one dynamic value. Empty bytes are null."""
    return msgpack.unpackb(raw, ext_hook=ExtType) if raw else None


def pack(value: Any) -> bytes:
    """Write one dynamic value."""
    return msgpack.packb(value) or b""
