"""Python's index by its simple API in JSON (PEP 691, 700): mirrors speak it, too."""

from typing import Any

import msgspec
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from dco.providers.registries.http import Registry
from dco.seams.catalogue import Published

_ACCEPT = "application/vnd.pypi.simple.v1+json"


class _File(msgspec.Struct, rename="kebab"):
    filename: str
    yanked: str | bool = False
    upload_time: str | None = None


class _Project(msgspec.Struct):
    meta: dict[str, Any]
    name: str
    files: list[_File]


def versions(registry: Registry, name: str) -> tuple[Published, ...]:
    """Return the versions of a project that have files. Raises `Unreadable`."""
    reply = registry.get(f"{canonicalize_name(name)}/", accept=_ACCEPT)
    if "json" not in reply.headers.get("content-type", ""):
        raise registry.trouble("has no JSON form of the simple API", "configure an index that has (PEP 691)")
    project = registry.decode(reply, _Project)
    if not str(project.meta.get("api-version", "")).startswith("1."):
        raise registry.trouble("speaks another version of the simple API")
    by_version: dict[str, list[_File]] = {}
    for file in project.files:
        if (version := _version(file.filename)) is not None:
            by_version.setdefault(version, []).append(file)
    if canonicalize_name(project.name) != canonicalize_name(name) or not by_version:
        raise registry.trouble(f"answered without a version of {name}")
    return tuple(_published(version, files) for version, files in by_version.items())


def _version(filename: str) -> str | None:
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None  # an egg, an installer: pip does not see it either


def _published(version: str, files: list[_File]) -> Published:
    """A version is yanked when all its files are."""
    times = [file.upload_time for file in files if file.upload_time]
    words = [file.yanked for file in files if isinstance(file.yanked, str) and file.yanked]
    yanked = f"yanked: {words[0]}" if words else "yanked"
    gone = all(file.yanked is not False for file in files)
    return Published(version=version, at=min(times, default=None), withdrawn=yanked if gone else "")
