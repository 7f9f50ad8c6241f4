"""Terraform's registry protocol: versions of providers and modules."""

import msgspec

from dco.providers.registries.http import Registry
from dco.seams.catalogue import Published


class _Version(msgspec.Struct):
    version: str


class _Provider(msgspec.Struct):
    versions: list[_Version]


class _Modules(msgspec.Struct):
    modules: list[_Provider]


def provider(registry: Registry, name: str) -> tuple[Published, ...]:
    """Return the versions of the provider `NAMESPACE/TYPE`. Raises `Unreadable`."""
    found = registry.decode(registry.get(f"v1/providers/{name}/versions"), _Provider).versions
    return _published(registry, name, found)


def module(registry: Registry, name: str) -> tuple[Published, ...]:
    """Return the versions of the module `NAMESPACE/NAME/SYSTEM`. Raises `Unreadable`."""
    found = registry.decode(registry.get(f"v1/modules/{name}/versions"), _Modules).modules
    return _published(registry, name, [version for one in found for version in one.versions])


def _published(registry: Registry, name: str, found: list[_Version]) -> tuple[Published, ...]:
    if not found:
        raise registry.trouble(f"answered without a version of {name}")
    return tuple(Published(version=one.version) for one in found)
