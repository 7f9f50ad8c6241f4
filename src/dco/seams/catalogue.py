"""What is published elsewhere: versions of packages, known vulnerabilities, ends of support."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class Kind(StrEnum):
    """Whose names and whose rules of versions."""

    NPM = "npm"
    PYPI = "pypi"
    MAVEN = "maven"
    GITHUB = "github"
    """Tags of a repository."""
    TERRAFORM_PROVIDER = "terraform-provider"
    TERRAFORM_MODULE = "terraform-module"
    CONTAINER = "container"
    """Tags of an image."""


class Package(msgspec.Struct, frozen=True, order=True):
    """One version of something published."""

    kind: Kind
    name: str
    version: str


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is published. `at` is ISO 8601, None where the registry does not say."""

    version: str
    at: str | None = None
    withdrawn: str = ""
    """Why it should not be used any more (yanked, deprecated); empty for a good one."""
    commit: str = ""
    """What a tag of a repository points to."""


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """A known vulnerability, and the versions that are free of it."""

    id: str
    summary: str = ""
    fixed: tuple[str, ...] = ()


class Catalogue(Protocol):
    """Registries. Every method raises `Unreadable` with a reason when it was not told for certain, and may be called
    by several threads at once; none is ever answered by an empty collection for a name that nobody knows.
    """  # noqa: D205  # it is one sentence

    def versions(self, kind: Kind, name: str) -> tuple[Published, ...]:
        """Return every version that was published under a name, in no order, at least one."""
        ...

    def published_at(self, package: Package) -> str | None:
        """Return when a version was published, where `versions` does not tell; None when the registry can't say."""
        ...

    def digest(self, image: str, tag: str) -> str:
        """Return the digest that a tag of a container image names now."""
        ...

    def vulnerabilities(self, packages: Sequence[Package]) -> Mapping[Package, tuple[Advisory, ...]]:
        """Return the known vulnerabilities of every package that was asked for, none for those without."""
        ...

    def lifetimes(self, product: str) -> Mapping[str, str | None]:
        """Return the day on which the support of each release line ends; None for a line without a day."""
        ...
