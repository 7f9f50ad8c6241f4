"""Reading Terraform's files: configuration and values, in either form, by what they mean."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from dco.detect.hcl import json_form, syntax
from dco.detect.hcl.syntax import Block, Expression
from dco.model.canonical import canonical
from dco.model.errors import ConfigurationError

_OVERRIDE = re.compile(r"(?:^|/|_)override\.(?:tf|tofu)(?:\.json)?$")
_POINTER = "version https://git-lfs"


@lru_cache(maxsize=1024)
def blocks(text: str, path: str) -> Block:
    """Return a configuration file as one block. Raises `ConfigurationError` with file and line."""
    if text.startswith(_POINTER):
        raise ConfigurationError(f"{path}:1: it only points to Git LFS", "keep it in git itself")
    plain = text.removeprefix("\ufeff")
    return json_form.parse(plain, path) if path.endswith(".json") else syntax.parse(plain, path)


def values(text: str, path: str) -> dict[str, Expression]:
    """Return a file of plain values (`.tfvars`) by name. Raises `ConfigurationError` with file and line."""
    if path.endswith(".json"):
        return json_form.values(text, path)
    return dict(syntax.parse(text.removeprefix("\ufeff"), path).attributes)


def configuration(texts: Mapping[str, str]) -> list[Any]:
    """Return the meaning of the configuration files of one directory, by path: equal lists, equal meaning.

    Terraform reads a directory as one file, so it does not matter which file a block stands in; only overriding files
    count apart. Raises `ConfigurationError` with file and line for what does not parse.
    """
    plain: list[bytes] = []
    overriding: list[Any] = []
    for path, text in sorted(texts.items()):
        found = sorted(canonical(each) for each in _single(blocks(text, path)))
        if overrides(path):
            overriding.append([path, [each.decode() for each in found]])
        else:
            plain += found
    return [[each.decode() for each in sorted(plain)], overriding]


def overrides(path: str) -> bool:
    """Tell whether a file changes what others say, by its name."""
    return _OVERRIDE.search(path) is not None


def _single(file: Block) -> Iterator[Any]:
    """Yield what each block means; every local value is one of its own, as it does not matter where it stands."""
    yield from (["attribute", name, value.meaning] for name, value in file.attributes.items())
    for block in file.blocks:
        if block.kind == "locals":
            yield from (["local", name, value.meaning] for name, value in block.attributes.items())
        else:
            yield block.meaning()
