"""`package-lock.json` of npm 7 and newer (lock file versions 2 and 3)."""

import json
from typing import Any

from dco.detect.locks.locked import Locked, refuse, table
from dco.seams.catalogue import Kind

_VERSIONS = (2, 3)
_MODULES = "node_modules/"


def read(path: str, text: str) -> tuple[Locked, ...]:
    """Return the packages that `npm ci --omit=dev` installs. Raises `ConfigurationError` with file and line."""
    found = (_one(path, place, entry) for place, entry in _packages(path, text) if _ships(entry))
    return tuple(sorted({locked for locked in found if locked is not None}))


def development(path: str, text: str) -> tuple[Locked, ...]:
    """Return the packages that only developers get. Raises as `read` does."""
    found = (_one(path, place, entry) for place, entry in _packages(path, text) if not _ships(entry))
    return tuple(sorted({locked for locked in found if locked is not None}))


def placed(path: str, text: str) -> list[list[str]]:
    """Return what ships: its place, name, version, and checksum, else address. Raises as `read` does."""
    return sorted(
        [place, str(entry.get("name", "")), str(entry.get("version", "")), _proof(entry)]
        for place, entry in _packages(path, text)
        if _ships(entry) and place
    )


def _packages(path: str, text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        lock = table(json.loads(text), path, "the lock")
    except json.JSONDecodeError as error:
        raise refuse(path, error.lineno, f"not valid JSON: {error.msg}") from None
    except RecursionError:
        raise refuse(path, "?", "it is nested too deeply") from None
    version = lock.get("lockfileVersion")
    if version not in _VERSIONS:
        raise refuse(path, "?", f"lock file version {version!r} is not known here, only 2 and 3 (npm 7 and newer)")
    packages = table(lock.get("packages"), path, "packages")
    return [(place, table(entry, path, place)) for place, entry in packages.items()]


def _ships(entry: dict[str, Any]) -> bool:
    return entry.get("dev") is not True


def _proof(entry: dict[str, Any]) -> str:
    return str(entry.get("integrity") or entry.get("resolved") or "")


def _one(path: str, place: str, entry: dict[str, Any]) -> Locked | None:
    """Return a package; None for what is part of the repository itself."""
    if entry.get("link") is True or _MODULES not in f"/{place}":
        return None
    name = str(entry.get("name") or place.rpartition(_MODULES)[2])
    version = entry.get("version")
    if not isinstance(version, str) or not name:
        raise refuse(path, "?", f"{place} has no version")
    resolved = str(entry.get("resolved", ""))
    elsewhere = resolved.startswith(("git", "file:")) or version.startswith(("git", "file:"))
    return Locked(Kind.NPM, name, version, "it does not come from a registry" if elsewhere else "")
