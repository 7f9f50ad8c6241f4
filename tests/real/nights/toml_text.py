"""Plain values as TOML: Python reads it and does not write it."""

import json
from collections.abc import Mapping
from typing import Any


def toml(value: Mapping[str, Any], path: str = "") -> str:
    """Write plain values as TOML; strings, numbers, booleans and lists of them look as in JSON."""
    plain = {name: part for name, part in value.items() if not isinstance(part, dict) and part is not None}
    lines = [f"[{path}]"] if path and (plain or not value) else []
    lines += [f"{name} = {_inline(part)}" for name, part in plain.items()]
    tables = [toml(part, f"{path}.{name}".lstrip(".")) for name, part in value.items() if isinstance(part, dict)]
    return "\n".join([*lines, "", *tables])


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_inline(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(part) for part in value) + "]"
    return json.dumps(value)
