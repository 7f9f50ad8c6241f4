"""Known vulnerabilities from an address that speaks OSV's API.

An empty database answers every question with "none". So each batch also asks for a version that is known to be
vulnerable, and an answer that does not name it proves nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import quote

import msgspec

from dco.model.errors import DcoError
from dco.providers.registries.http import Registry
from dco.seams.catalogue import Advisory, Kind, Package

_ECOSYSTEMS = {Kind.NPM: "npm", Kind.PYPI: "PyPI", Kind.MAVEN: "Maven"}
_VULNERABLE = {
    Kind.NPM: Package(Kind.NPM, "lodash", "4.17.20"),
    Kind.PYPI: Package(Kind.PYPI, "jinja2", "2.4.1"),
    Kind.MAVEN: Package(Kind.MAVEN, "org.apache.logging.log4j:log4j-core", "2.14.1"),
}
_BATCH = 1000
_PAGES = 20
_AT_ONCE = 8


class _Named(msgspec.Struct):
    id: str


class _Result(msgspec.Struct):
    vulns: list[_Named] = []  # msgspec copies it
    next_page_token: str | None = None


class _Results(msgspec.Struct):
    results: list[_Result]


class _Event(msgspec.Struct):
    fixed: str | None = None


class _Range(msgspec.Struct):
    type: str = ""
    events: list[_Event] = []


class _Subject(msgspec.Struct):
    name: str = ""


class _Affected(msgspec.Struct):
    package: _Subject | None = None
    ranges: list[_Range] = []


class _Vulnerability(msgspec.Struct):
    id: str
    summary: str = ""
    withdrawn: str | None = None
    affected: list[_Affected] = []


def vulnerabilities(registry: Registry, packages: Sequence[Package]) -> Mapping[Package, tuple[Advisory, ...]]:
    """Return the known vulnerabilities of each package. Raises `Unreadable`."""
    ids: dict[Package, set[str]] = {package: set() for package in packages}
    size = _BATCH - len(_VULNERABLE)
    for begin in range(0, len(packages), size):
        chunk = packages[begin : begin + size]
        for package, found in _batch(registry, chunk).items():
            ids[package] |= found
    named = sorted({each for found in ids.values() for each in found})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        known = dict(zip(named, pool.map(partial(_read, registry), named), strict=True))
    return {package: _advisories(package, (known[each] for each in sorted(found))) for package, found in ids.items()}


def _batch(registry: Registry, packages: Sequence[Package]) -> dict[Package, set[str]]:
    proofs = [_VULNERABLE[kind] for kind in sorted({package.kind for package in packages})]
    waiting: dict[Package, str | None] = dict.fromkeys([*packages, *proofs])
    found: dict[Package, set[str]] = {package: set() for package in waiting}
    for _ in range(_PAGES):
        asked = list(waiting)
        queries = [_query(package, waiting[package]) for package in asked]
        results = registry.decode(registry.post("v1/querybatch", {"queries": queries}), _Results).results
        if len(results) != len(asked):
            raise registry.trouble(f"answered {len(results)} of {len(asked)} questions")
        waiting = {}
        for package, result in zip(asked, results, strict=True):
            found[package] |= {named.id for named in result.vulns}
            if result.next_page_token:
                waiting[package] = result.next_page_token
        if not waiting:
            break
    else:
        raise registry.trouble("has more pages than anybody can read")
    if blind := [proof.name for proof in proofs if not found[proof]]:
        what = f"knows of no vulnerability of an old {blind[0]}, which has some"
        raise registry.trouble(f"{what}: its answers prove nothing")
    return {package: found[package] for package in packages}


def _query(package: Package, page: str | None) -> dict[str, object]:
    named = {"name": package.name, "ecosystem": _ECOSYSTEMS[package.kind]}
    query: dict[str, object] = {"package": named, "version": package.version}
    return query | ({"page_token": page} if page else {})


def _read(registry: Registry, name: str) -> _Vulnerability:
    """Return what is known of a vulnerability; its bare name when that can't be read: it is none the less one."""
    try:
        return registry.decode(registry.get(f"v1/vulns/{quote(name, safe='')}"), _Vulnerability)
    except DcoError:
        return _Vulnerability(id=name, summary="its details could not be read")


def _advisories(package: Package, found: Iterable[_Vulnerability]) -> tuple[Advisory, ...]:
    return tuple(
        Advisory(id=each.id, summary=each.summary, fixed=tuple(sorted(_fixes(package, each))))
        for each in found
        if each.withdrawn is None
    )


def _fixes(package: Package, vulnerability: _Vulnerability) -> set[str]:
    name = package.name.lower()
    affected = (one for one in vulnerability.affected if one.package and one.package.name.lower() == name)
    ranges = (each for one in affected for each in one.ranges if each.type != "GIT")
    return {event.fixed for each in ranges for event in each.events if event.fixed}
