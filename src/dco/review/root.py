"""A Terraform root as the review sees it: its blocks, its modules' blocks, its variables and its backend."""

import posixpath
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from dco.model.errors import ConfigurationError
from dco.model.remark import Remark
from dco.review.configuration import Block, Files, blocks, table, values

LOCK = ".terraform.lock.hcl"


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a root's directory and in the local modules that it uses."""

    directory: str
    own: tuple[Block, ...]
    """Blocks of the root itself."""
    modules: tuple[Block, ...]
    """Blocks of its local modules."""
    variables: dict[str, dict[str, Any]] = {}
    """Variable file → its values."""
    backend: dict[str, Any] | None = None
    """The backend's settings, with those of the given files; None without a backend."""
    backend_kind: str = ""
    locked: bool = False
    """Whether a dependency lock file stands beside it."""
    unread: tuple[Remark, ...] = ()

    @property
    def everything(self) -> tuple[Block, ...]:
        """All blocks."""
        return (*self.own, *self.modules)


def read_root(directory: str, files: Files, backend_files: list[str]) -> Root:
    """Read a root from a checkout's files. What does not parse is a remark, and the rest is read all the same."""
    directory = posixpath.normpath(directory)
    unread: list[Remark] = []
    parsed = dict(_modules(directory, files, unread))
    own = parsed.pop(directory, ())
    variables = {path: _values(path, files[path], unread) for path in _below(directory, files) if ".tfvars" in path}
    kind, backend = _backend(own)
    for entry in backend_files:
        path = posixpath.normpath(f"{directory}/{entry}")
        if backend is not None and "=" in entry:
            name, _, value = entry.partition("=")
            backend[name.strip()] = {"true": True, "false": False}.get(value.strip(), value.strip())
        elif backend is not None and path in files:
            backend |= _values(path, files[path], unread)
    return Root(
        directory=directory,
        own=own,
        modules=tuple(block for found in parsed.values() for block in found),
        variables=variables,
        backend=backend,
        backend_kind=kind,
        locked=posixpath.normpath(f"{directory}/{LOCK}") in files,
        unread=tuple(unread),
    )


def _modules(root: str, files: Files, unread: list[Remark]) -> Iterator[tuple[str, tuple[Block, ...]]]:
    """Yield each directory of the root and of the local modules that it uses, with its blocks."""
    waiting, seen = [root], {root}
    while waiting:
        directory = waiting.pop()
        found: list[Block] = []
        for path in _below(directory, files):
            if path.endswith((".tf", ".tf.json")):
                found += _parsed(path, files[path], unread)
        for block in found:
            source = str(block.body.get("source", ""))
            below = posixpath.normpath(f"{directory}/{source}")
            if block.kind == "module" and source.startswith(".") and below not in seen:
                seen.add(below)
                waiting.append(below)
        yield directory, tuple(found)


def _below(directory: str, files: Files) -> list[str]:
    return sorted(path for path in files if (posixpath.dirname(path) or ".") == directory)


def _parsed(path: str, text: str, unread: list[Remark]) -> tuple[Block, ...]:
    try:
        return blocks(path, text)
    except ConfigurationError as error:
        unread.append(_unreadable(path, error))
        return ()


def _values(path: str, text: str, unread: list[Remark]) -> dict[str, Any]:
    try:
        return values(path, text)
    except ConfigurationError as error:
        unread.append(_unreadable(path, error))
        return {}


def _unreadable(path: str, error: ConfigurationError) -> Remark:
    place = re.match(rf"{re.escape(path)}(?::\d+)?", error.what)
    where = place[0] if place else path
    what = error.what[len(where) :].lstrip(": ") or error.what
    return Remark(rule="unreadable", where=where, what=f"it can't be looked at: {what}", remedy=error.remedy)


def _backend(own: tuple[Block, ...]) -> tuple[str, dict[str, Any] | None]:
    for block in own:
        if block.kind != "terraform":
            continue
        for inner in block.inner("backend"):
            for kind, body in inner.items():
                return kind, dict(table(body))
        if block.inner("cloud"):
            return "cloud", {}
    return "", None
