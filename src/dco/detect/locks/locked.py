"""A locked package, and what readers of locks share."""

import re
from typing import Any, cast

import msgspec

from dco.model.errors import ConfigurationError
from dco.seams.catalogue import Kind

_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)


class Locked(msgspec.Struct, frozen=True, order=True):
    """A package that ships, in the version that is locked.

    `trouble` says why it can't be looked up (it comes from elsewhere, it is not pinned); empty when it can.
    """

    kind: Kind
    name: str
    version: str
    trouble: str = ""


def refuse(path: str, line: int | str, what: str) -> ConfigurationError:
    """Return the error for a lock that can't be read: what is wrong, where."""
    where = path if line == "?" else f"{path}:{line}"
    return ConfigurationError(f"{where}: {what}", f"make {path} anew with the tool that wrote it, and commit it")


def refuse_conflict(path: str, text: str) -> None:
    """Raise `ConfigurationError` when a merge was left undecided."""
    if match := _CONFLICT.search(text):
        line = text.count("\n", 0, match.start()) + 1
        raise refuse(path, line, "a merge conflict was left in it")


def table(value: Any, path: str, what: str) -> dict[str, Any]:
    """Return a table of a lock. Raises `ConfigurationError` for anything else."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise refuse(path, "?", f"{what} is no table")


def tables(value: Any, path: str, what: str) -> list[dict[str, Any]]:
    """Return a list of tables of a lock. Raises `ConfigurationError` for anything else."""
    if isinstance(value, list):
        return [table(item, path, f"an item of {what}") for item in cast("list[Any]", value)]
    raise refuse(path, "?", f"{what} is no list")
