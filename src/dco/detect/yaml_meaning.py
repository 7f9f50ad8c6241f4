"""YAML by meaning: formatting, comments and the order of keys do not count; anchors stand for what they name."""

from collections.abc import Iterator
from typing import Any, cast

import yaml

from dco.model.canonical import fingerprint
from dco.model.errors import ConfigurationError

_DEEPEST = 200
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where the machine has it: ten times as fast."""


def meaning(text: str, path: str) -> str:
    """Return the fingerprint of what YAML means.

    Raises `ConfigurationError` with file and line for what does not parse, and for a key that is there twice.
    """
    return fingerprint([_plain(document, path, 0) for document in _documents(text, path)])


def scalars(text: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield every single value with the key that it stands under ("" at the top). Raises as `meaning` does."""
    for document in _documents(text, path):
        _plain(document, path, 0)  # it refuses what holds itself
        yield from _scalars(document, "")


def _documents(text: str, path: str) -> list[yaml.Node | None]:
    try:
        return cast("list[yaml.Node | None]", list(cast("Any", yaml).compose_all(text, Loader=_LOADER)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else "?"
        what = getattr(error, "problem", None) or str(error)
        raise ConfigurationError(f"{path}:{line}: not valid YAML: {what}", f"correct {path} and commit it") from None


def _scalars(node: yaml.Node | None, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _scalars(value, str(name.value))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, key)
    elif node is not None:
        yield key, str(node.value)


def _plain(node: yaml.Node | None, path: str, depth: int) -> object:
    """Return a node as plain JSON; a mapping as its sorted pairs."""
    if depth > _DEEPEST:
        raise ConfigurationError(f"{path}: it is nested too deeply, or within itself", f"correct {path}")
    if isinstance(node, yaml.MappingNode):
        pairs = [(fingerprint(_plain(key, path, depth + 1)), key, value) for key, value in node.value]
        for at, (key, written, _) in enumerate(pairs):
            if key in (other for other, _, _ in pairs[:at]):
                where = f"{path}:{written.start_mark.line + 1}"
                raise ConfigurationError(f"{where}: the key {written.value} is there twice", f"correct {path}")
        return {"map": [[key, _plain(value, path, depth + 1)] for key, _, value in sorted(pairs, key=lambda p: p[0])]}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, path, depth + 1) for item in node.value]
    return None if node is None else [node.tag, node.value]
