"""Source `neo4j`: the version of each database against those that are published, and the way there.

A newer version is deployed with a machine image that ships it; which one is for a person to say, so what is followed
asks for approval and everything farther away is only shown. Upgrades go by way of 4.4 and 5.26, says Neo4j's guide.

Access: ssm:GetParameter of the slots, the Maven repository. Cost: one request, and one for each release that is new.
"""

from collections.abc import Callable, Iterable

import msgspec

from dco.detect.telling import days_between, unread
from dco.detect.versions import Leap, leap, neo4j, newer, same
from dco.model.change import Action, Change, Status
from dco.model.databases import Database
from dco.model.errors import ConfigurationError, DcoError, Unreadable
from dco.model.watching import Neo4jVersions
from dco.seams.catalogue import Catalogue, Kind, Package
from dco.seams.parameters import Parameters

_SOURCE = "neo4j"
_STOPS = ((4, 4), (5, 26))
"""Lines that every upgrade across them has to rest on."""
_CALENDAR = 2025
_LOOKED_UP = 6
_FOLLOWED = {
    "patch": frozenset({Leap.PATCH}),
    "minor": frozenset({Leap.PATCH, Leap.MINOR}),
    "newest": frozenset(Leap),
}


class _Slot(msgspec.Struct):
    version: str


def detect(
    name: str, database: Database, wish: Neo4jVersions, parameters: Parameters, catalogue: Catalogue, now: str
) -> tuple[Change, ...]:
    """Compare a database's version with those that are published. Raises `DcoError` for what can't be read."""
    current = _version(name, database, parameters)
    published = [one.version for one in catalogue.versions(Kind.MAVEN, wish.artifact) if neo4j(one.version)]

    def at(version: str) -> str | None:
        return catalogue.published_at(Package(Kind.MAVEN, wish.artifact, version))

    return (decide(f"database:{name}", current, published, wish, at, now),)


def decide(
    subject: str,
    current: str,
    published: list[str],
    wish: Neo4jVersions,
    published_at: Callable[[str], str | None],
    now: str,
) -> Change:
    """Judge a version by the published ones. `published_at` is asked for few of them, and may raise `DcoError`."""
    if not any(same(Kind.MAVEN, current, one) for one in published):
        lost = Unreadable(f"version {current} is not among those that are published", "see what its slot says")
        return unread(_SOURCE, subject, lost, current)
    later = newer(Kind.MAVEN, current, published)
    if not later:
        reason = f"{current} is the newest version"
        return Change(source=_SOURCE, component=subject, status=Status.UNCHANGED, reason=reason, current=current)
    followed = [one for one in later if leap(Kind.MAVEN, current, one) in _FOLLOWED[wish.follow]]
    try:
        best = _ripe(followed, published_at, wish.neo4j_soak_days, now)
    except DcoError as error:
        return unread(_SOURCE, subject, error, current)
    if best is None:
        waits = f"{followed[-1]} is followed when it is {wish.neo4j_soak_days:g} days old; " if followed else ""
        reason = f"{waits}{_farther(current, later, published)}"
        return _changed(subject, current, later[-1], Action.NONE, reason)
    stop = way(current, best, published)[0]
    leg = f"{current} can go to {stop} in one step"
    goal = f", on the way to {best}" if stop != best else ""
    reason = f"{leg}{goal}; name an image that ships it. {_farther(current, later, published)}"
    return _changed(subject, current, stop, Action.APPROVE, reason)


def way(current: str, wanted: str, published: Iterable[str]) -> tuple[str, ...]:
    """Return the versions to go through, the wanted one last: the newest of each line that must not be skipped."""
    here, there = neo4j(current), neo4j(wanted)
    if here is None or there is None:
        raise ConfigurationError(f"{current} or {wanted} is no version of Neo4j", "correct the slot")
    known = sorted((numbers, version) for version in published if (numbers := neo4j(version)) is not None)
    stops: list[str] = []
    for line in _STOPS:
        of_line = [version for numbers, version in known if numbers[:2] == line]
        if here[:2] < line < there[:2] and there[0] != line[0] and of_line:
            stops.append(of_line[-1])
    return (*stops, wanted)


def _ripe(versions: list[str], published_at: Callable[[str], str | None], soak_days: float, now: str) -> str | None:
    """Return the newest version that is old enough; one whose age nobody knows is taken as old enough."""
    for version in list(reversed(versions))[:_LOOKED_UP]:
        days = days_between(published_at(version), now)
        if days is None or days >= soak_days:
            return version
    return None


def _farther(current: str, later: tuple[str, ...], published: Iterable[str]) -> str:
    """Say the newest version of all and the way to it."""
    newest = later[-1]
    stops = way(current, newest, published)[:-1]
    by = f" (by way of {', then '.join(stops)})" if stops else ""
    numbers = neo4j(current)
    alone = "; of releases by month only the newest gets fixes" if numbers and numbers[0] >= _CALENDAR else ""
    return f"the newest is {newest}{by}{alone}"


def _version(name: str, database: Database, parameters: Parameters) -> str:
    slot = parameters.get(database.slot)
    if slot is None:
        raise ConfigurationError(f"the slot {database.slot} of {name} does not exist", "create it, or correct it")
    try:
        return msgspec.json.decode(slot, type=_Slot).version
    except msgspec.DecodeError:
        raise ConfigurationError(f"the slot {database.slot} of {name} names no version", "put it right") from None


def _changed(subject: str, current: str, available: str, action: Action, reason: str) -> Change:
    return Change(
        source=_SOURCE,
        component=subject,
        status=Status.CHANGED,
        action=action,
        reason=reason,
        current=current,
        available=available,
    )
