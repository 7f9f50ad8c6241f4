"""npm's registry: a document for each package."""

from urllib.parse import quote

import msgspec

from dco.providers.registries.http import Registry
from dco.seams.catalogue import Published


class _Version(msgspec.Struct):
    deprecated: str | bool | None = None


class _Document(msgspec.Struct):
    name: str
    versions: dict[str, _Version]
    time: dict[str, str | dict[str, object]] = {}  # msgspec copies it


def versions(registry: Registry, name: str) -> tuple[Published, ...]:
    """Return the versions of a package. Raises `Unreadable`."""
    document = registry.decode(registry.get(quote(name, safe="@")), _Document)
    if document.name != name or not document.versions:
        raise registry.trouble(f"answered without a version of {name}")
    return tuple(
        Published(version=version, at=_time(document, version), withdrawn=_withdrawn(said))
        for version, said in document.versions.items()
    )


def _time(document: _Document, version: str) -> str | None:
    at = document.time.get(version)
    return at if isinstance(at, str) else None


def _withdrawn(said: _Version) -> str:
    return f"deprecated: {said.deprecated}" if isinstance(said.deprecated, str) and said.deprecated else ""
