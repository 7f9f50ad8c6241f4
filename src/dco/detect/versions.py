"""Which of two versions is newer, and by how much: by the rules of whoever published them.

Python's by `packaging` (PEP 440), npm's, Terraform's and Git tags' by `semver`, Neo4j's by its own numbering: semantic
up to 5.26, by year and month since 2025. A version that its rules don't know is never compared.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from packaging.version import InvalidVersion
from packaging.version import Version as PythonVersion
from semver import Version as SemanticVersion

from dco.seams.catalogue import Kind

_NEO4J = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:[.-]LTS)?")
_FIRST_YEAR = 2025


class Leap(StrEnum):
    """How far a newer version is away."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


def key(kind: Kind, version: str) -> Any:
    """Return what sorts a version among others of its kind; None for what its rules don't know."""
    try:
        if kind is Kind.PYPI:
            return PythonVersion(version)
        if kind is Kind.MAVEN:
            return neo4j(version)
        return SemanticVersion.parse(version.removeprefix("v"))
    except (InvalidVersion, ValueError, TypeError):
        return None


def neo4j(version: str) -> tuple[int, int, int] | None:
    """Return year or major, month or minor, and patch of a released Neo4j version; None for previews and others."""
    match = _NEO4J.fullmatch(version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def preview(kind: Kind, version: str) -> bool:
    """Tell whether a version is no release yet (alpha, candidate, development), or none at all."""
    found = key(kind, version)
    if isinstance(found, PythonVersion):
        return found.is_prerelease
    if isinstance(found, SemanticVersion):
        return found.prerelease is not None
    return found is None


def leap(kind: Kind, old: str, new: str) -> Leap:
    """Return how far `new` is from `old`; both must be versions that their rules know.

    Before 1.0 a semantic minor version may break what used it, and counts as a major one.
    """
    first, second = _numbers(kind, old), _numbers(kind, new)
    calendar = kind is Kind.MAVEN and min(first[0], second[0]) >= _FIRST_YEAR
    if first[0] != second[0] and not calendar:
        return Leap.MAJOR
    if first[:2] == second[:2]:
        return Leap.PATCH
    return Leap.MAJOR if first[0] == 0 else Leap.MINOR


def newer(kind: Kind, current: str, versions: Iterable[str]) -> tuple[str, ...]:
    """Return the versions that are newer than `current`, oldest first; previews only where it is one itself."""
    mine = key(kind, current)
    if mine is None:
        return ()
    allowed = preview(kind, current)
    known = ((key(kind, version), version) for version in set(versions) if allowed or not preview(kind, version))
    found = [(value, version) for value, version in known if value is not None and value > mine]
    return tuple(version for _, version in sorted(found, key=lambda pair: pair[0]))


def same(kind: Kind, one: str, other: str) -> bool:
    """Tell whether two texts name one version."""
    found = key(kind, one)
    return one == other or (found is not None and found == key(kind, other))


def admits(constraint: str, version: str) -> bool | None:
    """Tell whether a Terraform constraint (`~> 5.0, != 5.3.1`) admits a version; None for one that is none."""
    wanted = key(Kind.TERRAFORM_PROVIDER, version)
    verdicts: list[bool] = []
    for part in constraint.split(","):
        match = re.fullmatch(r"\s*(=|!=|>=?|<=?|~>)?\s*v?(\d+(?:\.\d+){0,2})(-[\w.]+)?\s*", part)
        if match is None or wanted is None:
            return None
        bound = SemanticVersion.parse(match[2] + (match[3] or ""), optional_minor_and_patch=True)
        verdicts.append(_compare(match[1] or "=", wanted, bound, match[2].count(".")))
    return all(verdicts)


def _compare(operator: str, version: SemanticVersion, bound: SemanticVersion, dots: int) -> bool:
    if operator == "~>":
        return version >= bound and version < (bound.bump_major() if dots < 2 else bound.bump_minor())  # noqa: PLR2004
    by_operator = {
        "=": version == bound,
        "!=": version != bound,
        ">": version > bound,
        ">=": version >= bound,
        "<": version < bound,
        "<=": version <= bound,
    }
    return by_operator[operator]


def _numbers(kind: Kind, version: str) -> tuple[int, ...]:
    found = key(kind, version)
    if isinstance(found, PythonVersion):
        return (found.major if not found.epoch else -found.epoch, found.minor, found.micro)
    if isinstance(found, SemanticVersion):
        return (found.major, found.minor, found.patch)
    return found
