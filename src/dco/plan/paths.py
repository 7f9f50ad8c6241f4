"""Reaching into plan JSON: values of any shape, paths into them, and words for what is there."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

_LONGEST = 60
"""A sentence stays readable."""


def table(value: Any) -> dict[str, Any]:
    """Return a value that is a table; an empty one for everything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def row(value: Any) -> list[Any]:
    """Return a value that is a list; an empty one for everything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def reach(value: Any, path: list[Any]) -> Any:
    """Return what a path leads to; None where it leads nowhere."""
    for part in path:
        if isinstance(value, dict):
            value = table(value).get(part)
        elif isinstance(value, list) and isinstance(part, int):
            items = row(value)
            value = items[part] if part < len(items) else None
        else:
            return None
    return value


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value that is neither table nor list, with the names that lead to it; positions don't count."""
    if isinstance(value, dict):
        for key, item in table(value).items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for item in row(value):
            yield from leaves(item, path)
    else:
        yield path, value


def dotted(path: list[Any]) -> str:
    """Return a path as people write it."""
    return ".".join(str(part) for part in path)


def shown(value: Any) -> str:
    """Return a value for a sentence, not too long."""
    text = "null" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}…"


def then(change: Mapping[str, Any], path: list[Any]) -> str:
    """Return what a path leads to after a change."""
    unknown = reach(change.get("after_unknown"), path)
    return "a value known after apply" if unknown is True else shown(reach(change["after"], path))


def plain(address: str) -> str:
    """Return an address without its keys: `module.a["x"].aws_b.c[0]` → `module.a.aws_b.c`."""
    pieces: list[str] = []
    depth, quoted = 0, False
    for at, character in enumerate(address):
        if depth and character == '"' and address[at - 1] != "\\":
            quoted = not quoted
        depth += {"[": 1, "]": -1}.get(character, 0) if not quoted else 0
        if not depth and character != "]":
            pieces.append(character)
    return "".join(pieces)
