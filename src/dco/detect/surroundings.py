"""Source `drift`, its second half: settings, security groups, roles and parameters against the release, and by whom.

Whoever changed something, it is drift: `dco`'s own deployments are in the record when they end, so they are none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

import msgspec

from dco.detect.asking import ask_all
from dco.detect.question import Answer
from dco.detect.telling import some
from dco.model.canonical import fingerprint
from dco.model.change import Action, Change, Status
from dco.model.environment import Environment
from dco.model.errors import DcoError
from dco.model.release import Release
from dco.seams.surroundings import Facts, Surroundings, Trace, Wanted

_LONGEST = 120
_AT_ONCE = 4
_SECONDS = 30.0
"""Who did it is worth so much waiting; CloudTrail answers two questions a second."""
_DRIFTS = (Action.REDEPLOY, Action.APPROVE, Action.BLOCK)


def wanted(environment: Environment, released: Release) -> Wanted:
    """Name what surrounds an environment's services and databases. Slots are compared apart from it."""
    services = [one for application in environment.applications.values() for one in application.services.values()]
    revisions = [arn for one in released.applications.values() for arn in one.task_definitions.values()]
    return Wanted(
        services=tuple((one.cluster, one.name) for one in services),
        revisions=tuple(dict.fromkeys(revisions)),
        databases=tuple(environment.databases),
        parameters=tuple(one.uri_parameter for one in environment.databases.values()),
    )


def compare(before: Facts | None, now: Facts) -> tuple[Change, ...]:
    """Compare what surrounds the services with what was recorded; a record without it can't be compared."""
    if before is None:
        reason = "the release record does not have them yet; record them by `dco adopt --again`"
        return (Change(source="drift", component="drift:surroundings", status=Status.UNKNOWN, reason=reason),)
    return tuple(_one(name, before.get(name), now.get(name)) for name in sorted({**before, **now}))


def with_history(
    answers: list[Answer], environment: Environment, surroundings: Surroundings, since: str
) -> list[Answer]:
    """Add to every drift who did it and when; asks only where there is drift, and says so when that can't be told."""
    drifted = [one for answer in answers for one in answer.changes if one.source == "drift" and one.action in _DRIFTS]
    asked = {one.component: partial(_trace, one, environment, surroundings, since) for one in drifted}
    said = ask_all(asked, at_once=_AT_ONCE, seconds=_SECONDS)

    def told(changes: Iterable[Change]) -> tuple[Change, ...]:
        return tuple(_told(one, said[one.component]) if one in drifted else one for one in changes)

    return [replace(answer, changes=told(answer.changes)) for answer in answers]


def _trace(change: Change, environment: Environment, surroundings: Surroundings, since: str) -> Trace | None:
    kind, _, name = change.name.partition("/")
    if kind in {"slot", "database"} and change.evidence:
        name = change.evidence[0]
    elif kind == "service":
        services = [one for each in environment.applications.values() for one in each.services.items()]
        name = next((service.name for key, service in services if key == name), name)
    return surroundings.last_change(kind, name, since)


def _told(change: Change, trace: Trace | DcoError | None) -> Change:
    if isinstance(trace, DcoError):
        return _with(change, f"who did it can't be told: {trace.what}")
    if trace is None:
        return _with(change, "CloudTrail names nobody since the release (it is up to 15 minutes behind)")
    return _with(change, f"by {trace.who} at {trace.at} ({trace.call})")


def _with(change: Change, words: str) -> Change:
    reason = f"{change.reason}; {words}"
    return msgspec.structs.replace(change, reason=reason, evidence=(*change.evidence, words))


def _one(name: str, before: Mapping[str, str] | None, now: Mapping[str, str] | None) -> Change:
    component = f"drift:{name}"
    if before == now:
        reason = "it is as it was at the release"
        return Change(source="drift", component=component, status=Status.UNCHANGED, reason=reason)
    if before is None:
        what = ["it was not there, or not used, at the release"]
    elif now is None:
        what = ["it is gone, or not used any more"]
    else:
        what = list(_differences(before, now))
    return Change(
        source="drift",
        component=component,
        status=Status.CHANGED,
        action=Action.APPROVE,
        reason=f"it is not as it was at the release: {some(what)}",
        current=fingerprint(before),
        available=fingerprint(now),
        evidence=tuple(what),
    )


def _differences(before: Mapping[str, str], now: Mapping[str, str]) -> Iterable[str]:
    for fact in sorted({**before, **now}):
        old, new = before.get(fact), now.get(fact)
        if old == new:
            continue
        if new is None:
            yield f"{fact} is gone"
        elif old is None:
            yield f"{fact} is new" + ("" if new == "yes" else f": {_cut(new)}")
        else:
            yield f"{fact} was {_cut(old)}, is {_cut(new)}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
