"""Terraform's JSON form, as the same values as its own syntax: every text in it is a template."""

import json
from collections.abc import Iterator
from typing import Any, cast

from dco.detect.hcl.syntax import Block, Expression, expression
from dco.model.errors import ConfigurationError

_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "variable": 1, "output": 1, "provider": 1, "check": 1}
_INNER = {"lifecycle": 0, "backend": 1, "required_providers": 0, "provisioner": 1, "connection": 0, "dynamic": 1}
"""Blocks within blocks, and how many labels they have; everything else is an attribute."""
_COMMENT = "//"


def parse(text: str, path: str) -> Block:
    """Return a file as one block without a kind. Raises `ConfigurationError` with file and line."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        what = f"{path}:{error.lineno}: not valid JSON: {error.msg}"
        raise ConfigurationError(what, f"correct {path} and commit it") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: it is nested too deeply", f"correct {path}") from None
    if not isinstance(whole, dict):
        raise ConfigurationError(f"{path}:1: it is no object", f"correct {path} and commit it")
    blocks = [
        block
        for kind, value in cast("dict[str, Any]", whole).items()
        if kind != _COMMENT
        for labels, body in _labelled(value, _LABELS.get(kind, 0), ())
        for block in [_block(kind, labels, body, path)]
    ]
    return Block("", (), {}, tuple(blocks), path)


def values(text: str, path: str) -> dict[str, Expression]:
    """Return the values of a `.tfvars.json`. Raises `ConfigurationError` with file and line."""
    try:
        table = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", "?")
        raise ConfigurationError(f"{path}:{line}: not valid JSON", f"correct {path} and commit it") from None
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}:1: it is no object", f"correct {path} and commit it")
    return {name: _value(item, path) for name, item in cast("dict[str, Any]", table).items()}


def _labelled(value: Any, deep: int, labels: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield the bodies below labels; each may be one or a list of them."""
    for each in cast("list[Any]", value) if isinstance(value, list) else [value]:
        if not isinstance(each, dict):
            continue
        table = cast("dict[str, Any]", each)
        if deep == 0:
            yield labels, table
            continue
        for label, inner in table.items():
            if label != _COMMENT:
                yield from _labelled(inner, deep - 1, (*labels, label))


def _block(kind: str, labels: tuple[str, ...], body: dict[str, Any], path: str) -> Block:
    inner = {name: value for name, value in body.items() if name in _INNER}
    blocks = [
        _block(name, names, table, path)
        for name, value in inner.items()
        for names, table in _labelled(value, _INNER[name], ())
    ]
    attributes = {name: _value(value, path) for name, value in body.items() if name not in inner and name != _COMMENT}
    return Block(kind, labels, attributes, tuple(blocks), path)


def _value(value: Any, path: str) -> Expression:
    return expression(_written(value), path)


def _written(value: Any) -> str:
    """Write a value in Terraform's own syntax."""
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return "{ " + ", ".join(f"{json.dumps(key)} = {_written(item)}" for key, item in pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_written(item) for item in cast("list[Any]", value)) + "]"
    return json.dumps(value, ensure_ascii=False)
