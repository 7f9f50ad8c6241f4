"""Source `libraries`: what is locked against what is published, and what is known to be vulnerable.

Only what ships is looked at. A newer version is shown and asks for nothing: whoever wants it commits another lock, and
then the application has changed. A vulnerable or withdrawn version asks for a person. What the registry did not tell
for certain is `unknown`, together for a lock, so that one registry that is down is one line.

Access: the registries and the address of known vulnerabilities under [registries]. Cost: one request a package, one
for every thousand packages' vulnerabilities, one a vulnerability that is found.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from dco.detect.asking import ask_all
from dco.detect.locks.locked import Locked
from dco.detect.locks.reading import read
from dco.detect.telling import age, days_between, some, unread, why
from dco.detect.versions import Leap, key, leap, newer, same
from dco.model.change import Action, Change, Status
from dco.model.errors import DcoError, Unreadable
from dco.model.watching import LockFile
from dco.seams.catalogue import Advisory, Catalogue, Package, Published
from dco.seams.source import Source

_SOURCE = "libraries"
_EVIDENCE = 5
Answer = tuple[Published, ...] | Mapping[Package, tuple[Advisory, ...]]


def detect(  # a source has that many inputs
    name: str, configured: LockFile, source: Source, revision: str, catalogue: Catalogue, now: str, *, seconds: float,
    at_once: int,
) -> tuple[Change, ...]:  # fmt: skip
    """Look up every package of a lock. Raises `ConfigurationError` for a lock that is missing or can't be read."""
    locked = read(configured.lock, source.read(revision, configured.lock))
    known = {package: _package(package) for package in locked if not package.trouble}
    asked: dict[Locked | None, Callable[[], Answer]] = {
        package: partial(catalogue.versions, package.kind, package.name) for package in known
    }
    if known:
        asked = {None: partial(catalogue.vulnerabilities, sorted(known.values())), **asked}
    answers = ask_all(asked, at_once=at_once, seconds=seconds)
    vulnerable = answers.pop(None, {})
    published = {package: answer for package, answer in answers.items() if package and not isinstance(answer, Mapping)}
    return judge(name, configured, locked, published, {} if isinstance(vulnerable, tuple) else vulnerable, now)


def judge(  # it brings all the answers together
    name: str,
    configured: LockFile,
    locked: tuple[Locked, ...],
    published: Mapping[Locked, tuple[Published, ...] | DcoError],
    vulnerable: Mapping[Package, tuple[Advisory, ...]] | DcoError,
    now: str,
) -> tuple[Change, ...]:
    """Return a change for each package with news, and one for the lock: whether all of it could be looked up."""
    unsure = isinstance(vulnerable, DcoError)
    found: list[Change] = []
    silent: dict[str, DcoError] = {}
    for package in locked:
        answer = Unreadable(package.trouble) if package.trouble else published[package]
        advisories = () if unsure or package.trouble else vulnerable.get(_package(package))
        if advisories is None:
            advisories, answer = (), Unreadable("its known vulnerabilities were left out of the answer")
        change = decide(package, answer, advisories, now, configured.library_soak_days)
        if change.status in {Status.UNKNOWN, Status.ERROR}:
            silent[f"{package.name} {package.version}".strip()] = _error(change)
        elif change.status is Status.CHANGED:
            found.append(change)
    return (*found, _summary(name, configured, len(locked), silent, vulnerable if unsure else None))


def decide(
    locked: Locked,
    published: tuple[Published, ...] | DcoError,
    advisories: tuple[Advisory, ...],
    now: str,
    soak_days: float,
) -> Change:
    """Judge one package by what its registry and the known vulnerabilities say."""
    if advisories:
        return _vulnerable(locked, published, advisories)
    if isinstance(published, DcoError):
        return unread(_SOURCE, _component(locked), published, locked.version)
    mine = next((one for one in published if same(locked.kind, one.version, locked.version)), None)
    if mine is None or key(locked.kind, locked.version) is None:
        lost = Unreadable(f"the registry does not list the locked version {locked.version}", "see why it is not there")
        return unread(_SOURCE, _component(locked), lost, locked.version)
    offered = _offered(locked, published, now, soak_days)
    best = offered[-1].version if offered else None
    if mine.withdrawn:
        what = f"{locked.version} was withdrawn: {mine.withdrawn}"
        return _changed(locked, Action.APPROVE, best, what, (what,))
    if not offered:
        reason = f"{locked.version} is the newest that is offered"
        return Change(
            source=_SOURCE, component=_component(locked), status=Status.UNCHANGED, reason=reason, current=locked.version
        )
    return _changed(locked, Action.NONE, best, _steps(locked, offered, now), tuple(one.version for one in offered))


def _offered(locked: Locked, published: Iterable[Published], now: str, soak_days: float) -> tuple[Published, ...]:
    """Return newer versions, not withdrawn and old enough, oldest first; one of unknown age need not wait."""
    by_version = {one.version: one for one in published if not one.withdrawn}
    later = (by_version[version] for version in newer(locked.kind, locked.version, by_version))
    return tuple(one for one in later if (days := days_between(one.at, now)) is None or days >= soak_days)


def _steps(locked: Locked, offered: tuple[Published, ...], now: str) -> str:
    """Say the newest patch, minor and major version, each with its age."""
    newest = {leap(locked.kind, locked.version, one.version): one for one in offered}
    said = [f"{step} {newest[step].version}{age(newest[step].at, now)}" for step in Leap if step in newest]
    return f"newer is published: {', '.join(said)}; commit a lock that names it to have it deployed"


def _vulnerable(
    locked: Locked, published: tuple[Published, ...] | DcoError, advisories: tuple[Advisory, ...]
) -> Change:
    ids = some(one.id for one in advisories)
    fixes = {version for one in advisories for version in newer(locked.kind, locked.version, one.fixed)}
    if not isinstance(published, DcoError):
        there = [one.version for one in published if not one.withdrawn]
        fixes = {fix for fix in fixes if any(same(locked.kind, fix, version) for version in there)}
    # the newest of the fixes, because an older one may leave another vulnerability open
    best = newer(locked.kind, locked.version, fixes)[-1:]
    remedy = f"fixed in {best[0]}: commit a lock that names it" if best else "no fixed version is known"
    evidence = tuple(f"{one.id}: {one.summary}".rstrip(": ") for one in advisories)
    return _changed(
        locked, Action.APPROVE, best[0] if best else None, f"known to be vulnerable, {ids}; {remedy}", evidence
    )


def _summary(
    name: str, configured: LockFile, total: int, silent: Mapping[str, DcoError], vulnerable: DcoError | None
) -> Change:
    component = f"lock:{name}"
    told: list[str] = []
    worst: DcoError | None = vulnerable
    if silent:
        first = next(iter(silent.values()))
        told.append(f"{len(silent)} of {total} packages could not be looked up ({some(silent)}): {why(first)}")
        broken = (error for error in silent.values() if not isinstance(error, Unreadable))
        worst = next(broken, vulnerable or first)
    if vulnerable is not None:
        told.append(f"known vulnerabilities could not be looked up: {why(vulnerable)}")
    if worst is not None:
        change = unread(_SOURCE, component, type(worst)("; ".join(told)))
        return Change(
            source=_SOURCE, component=component, status=change.status, reason=change.reason,
            evidence=tuple(f"{each}: {error.what}" for each, error in list(silent.items())[:_EVIDENCE]),
        )  # fmt: skip
    reason = f"all {total} packages of {configured.lock} that ship were looked up" if total else (
        f"{configured.lock} locks nothing that ships"
    )  # fmt: skip
    return Change(
        source=_SOURCE, component=component, status=Status.UNCHANGED, reason=reason, evidence=(configured.lock,)
    )


def _changed(locked: Locked, action: Action, available: str | None, reason: str, evidence: tuple[str, ...]) -> Change:
    return Change(
        source=_SOURCE,
        component=_component(locked),
        status=Status.CHANGED,
        action=action,
        reason=reason,
        current=locked.version,
        available=available,
        evidence=evidence[:_EVIDENCE],
    )


def _component(locked: Locked) -> str:
    return f"library:{locked.name}"


def _package(locked: Locked) -> Package:
    return Package(locked.kind, locked.name, locked.version)


def _error(change: Change) -> DcoError:
    return Unreadable(change.reason) if change.status is Status.UNKNOWN else DcoError(change.reason)
