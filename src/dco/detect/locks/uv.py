"""`uv.lock`: what the project's own packages need, without development groups and extras that nobody asks for."""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from packaging.markers import InvalidMarker, Marker

from dco.detect.locks.locked import Locked, refuse, table, tables
from dco.detect.locks.markers import ships
from dco.seams.catalogue import Kind

_VERSION = 1
_OWN = ("editable", "virtual")
Wanted = tuple[str, str | None, str]
"""Name, version where the lock names one, and extra ("" for the package itself)."""


def read(path: str, text: str) -> tuple[Locked, ...]:
    """Return the packages that `uv sync --no-dev` installs. Raises `ConfigurationError` with file and line."""
    try:
        lock = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise refuse(path, _line(error), f"not valid TOML: {error}") from None
    if lock.get("version") != _VERSION:
        raise refuse(path, "?", f"lock version {lock.get('version')!r} is not known here, only {_VERSION}")
    packages = tables(lock.get("package", []), path, "package")
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in packages:
        by_name.setdefault(str(package.get("name", "")), []).append(package)
    own = [package for package in packages if _is_own(path, package)]
    if not own:
        raise refuse(path, "?", "it names no project of its own, so what ships can't be told")
    reached = _reach(path, by_name, own)
    return tuple(sorted(_locked(path, package) for package in reached if not _is_own(path, package)))


def _reach(
    path: str, by_name: Mapping[str, list[dict[str, Any]]], own: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Walk from the project along its dependencies."""
    waiting: list[tuple[dict[str, Any], str]] = [(package, "") for package in own]
    seen: dict[tuple[int, str], dict[str, Any]] = {}
    while waiting:
        package, extra = waiting.pop()
        if (id(package), extra) in seen:
            continue
        seen[id(package), extra] = package
        for name, version, more in _needs(path, package, extra):
            chosen = [one for one in by_name.get(name, []) if version in {None, one.get("version")}]
            if not chosen:
                raise refuse(path, "?", f"{package.get('name')} needs {name}, which is not locked")
            waiting += [(one, more) for one in chosen]
    return list({id(package): package for package in seen.values()}.values())


def _needs(path: str, package: dict[str, Any], extra: str) -> Iterable[Wanted]:
    optional = table(package.get("optional-dependencies", {}), path, "optional-dependencies")
    listed = package.get("dependencies", []) if not extra else optional.get(extra, [])
    for need in tables(listed, path, "dependencies"):
        if not ships(_marker(path, need.get("marker"))):
            continue
        for more in ("", *need.get("extra", ())):
            yield str(need.get("name", "")), need.get("version"), str(more)


def _marker(path: str, text: Any) -> Marker | None:
    try:
        return Marker(str(text)) if text else None
    except InvalidMarker:
        raise refuse(path, "?", f"no marker: {text}") from None


def _is_own(path: str, package: dict[str, Any]) -> bool:
    return any(key in table(package.get("source", {}), path, "source") for key in _OWN)


def _locked(path: str, package: dict[str, Any]) -> Locked:
    name, version = package.get("name"), package.get("version")
    registry = "registry" in table(package.get("source", {}), path, "source")
    if not isinstance(name, str) or (registry and not isinstance(version, str)):
        raise refuse(path, "?", f"package {name!r} has no version")
    return Locked(Kind.PYPI, name, str(version or ""), "" if registry else "it does not come from a registry")


def _line(error: tomllib.TOMLDecodeError) -> str:
    return str(error).rpartition("line ")[2].partition(",")[0] if "line " in str(error) else "?"
