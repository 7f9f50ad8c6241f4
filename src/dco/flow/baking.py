"""The bake after a switch, told as a story: watch, go back when something is bad, else compare and retire.

It has no lock while it watches: the next nights run as always.
"""

from collections.abc import Iterable
from contextlib import suppress

import msgspec

from dco.flow import ending, offering
from dco.flow.carry import Carrier
from dco.flow.patience import patient
from dco.flow.tonight import Tonight
from dco.flow.updating import Updated, carrier_of, released_images, take_lock, unlock
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, DcoError, PersonNeeded, Refused, StepFailed, Unreadable
from dco.model.finding import bad
from dco.model.offering import OfferingEnd
from dco.model.outcome import Report
from dco.model.plan import Plan
from dco.model.redeploy import Bake
from dco.operations.neo4j_redeploy.moving import (
    Transactions,
    at_risk,
    failed_sessions,
    transactions,
    ways_back,
)
from dco.operations.neo4j_redeploy.places import Places
from dco.plan.explain import explain
from dco.plan.redeploying import back, retire
from dco.record import bakes, lock, nights, quarantine, releases
from dco.verify.serving import Baseline, baseline, look

_LEAST_COUNT, _LEAST_SECONDS = 20, 0.02
"""Fewer transactions say nothing about how long they take, and shorter ones are never called slow."""
MARK = "-bake"
"""What the id of a bake's story ends with."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Which redeploy's bake is watched; `back` says why to go back at once, `over` that it is over now."""

    environment: Environment
    began: str
    redeploy: str
    back: str = ""
    over: bool = False


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What ended the watch: somebody else ended the bake, something is bad, or its time is over."""

    ended: bool = False
    trouble: str = ""


def tell(tonight: Tonight, request: Request) -> Report:
    """Watch a bake to its end; whatever happens is in the report, which says what serves now."""
    tonight = patient(tonight)
    try:
        bake = tonight.steps.run("find the bake", Bake, lambda: _bake(tonight, request.redeploy))
        why = request.back
        while True:
            if not why and not request.over:
                seen = tonight.steps.run("watch", Seen, lambda: _watch(tonight, request.redeploy))
                if seen.ended:
                    return _ended_elsewhere(tonight, request)
                why = seen.trouble
            try:
                return _go_back(tonight, request, bake, why) if why else _retire(tonight, request, bake)
            except Refused as busy:
                if request.back or request.over:
                    raise
                tonight.say("waits", f"the bake goes on: {busy.what}")
                tonight.steps.run("pause", bool, lambda: _pause(tonight))
                why = ""
    except DcoError as error:
        return ending.failed(tonight, request.began, error)


def _bake(tonight: Tonight, redeploy: str) -> Bake:
    found = bakes.of(tonight.outside.objects, redeploy)
    if found is None:
        raise ConfigurationError(f"redeploy {redeploy} has no bake", "`dco history` lists what was done")
    return found


def _pause(tonight: Tonight) -> bool:
    tonight.outside.clock.sleep(tonight.environment.redeploy.look_seconds)
    return True


def _watch(tonight: Tonight, redeploy: str) -> Seen:
    """Look until something ends the bake. What could not be asked is neither good nor bad, and is asked again.

    While somebody updates the environment nothing is looked at: what serves is then on its way.
    """
    outside, limits = tonight.outside, tonight.environment.redeploy
    died = baseline(outside, tonight.environment).failed_tasks
    counted: dict[str, Transactions] = {}
    in_a_row = 0
    while True:
        bake = _bake(tonight, redeploy)
        if bake.ended:
            return Seen(ended=True)
        if lock.holder(outside.objects) is None:
            before = Baseline(alarms=bake.alarms, failed_tasks=died)
            troubles = (*_troubles(tonight, bake, before), *_slow(tonight, bake, counted))
            in_a_row = in_a_row + 1 if troubles else 0
            if in_a_row > limits.looks_allowed:
                return Seen(trouble="; ".join(troubles))
            if outside.clock.now() >= bake.until and not troubles:
                return Seen()
        outside.clock.sleep(limits.look_seconds)


def _troubles(tonight: Tonight, bake: Bake, before: Baseline) -> Iterable[str]:
    """Yield what is bad: services, alarms, sessions that failed at gates, invariants, databases that don't answer."""
    environment, outside = tonight.environment, tonight.outside
    with suppress(Unreadable):
        for finding in bad(look(outside, environment, released_images(tonight), before)):
            yield f"{finding.what}: {finding.detail}"
    places = Places(environment, outside)
    with suppress(Unreadable):
        for key, failed in failed_sessions(places, bake.databases).items():
            since = failed - bake.failed_sessions.get(key, 0)
            if since > environment.redeploy.sessions_allowed:
                yield f"{since} sessions have failed at gate {key} since the switch"
    for name in bake.databases:
        yield from _broken(places, name)


def _slow(tonight: Tonight, bake: Bake, counted: dict[str, Transactions]) -> Iterable[str]:
    """Yield the gates at which transactions take much longer than before the switch; `counted` is of the last look.

    The offering's are not like others: while it runs nothing is judged.
    """
    allowed = tonight.environment.redeploy.latency_allowed
    if not allowed:
        return
    with suppress(Unreadable):
        runs = offering.running(tonight.environment, tonight.outside)
        for key, now in transactions(Places(tonight.environment, tonight.outside), bake.databases).items():
            lately = now.since(counted.get(key, now))
            counted[key] = now
            was = bake.seconds.get(key, 0.0)
            judged = was and not runs and lately.count >= _LEAST_COUNT
            if judged and lately.mean > max(allowed * was, _LEAST_SECONDS):
                yield f"a transaction takes {1000 * lately.mean:.0f} ms at gate {key}, {1000 * was:.0f} ms before"


def _broken(places: Places, name: str) -> Iterable[str]:
    database = places.database(name)
    try:
        for invariant, cypher in database.invariants.items():
            if not places.outside.graphs.ask(database, cypher):
                yield f"invariant {invariant} of {name} does not hold"
    except Unreadable as error:
        yield f"{name} does not answer clients: {error.what}"


def _ended_elsewhere(tonight: Tonight, request: Request) -> Report:
    bake = tonight.steps.run("how it ended", Bake, lambda: _bake(tonight, request.redeploy))
    return ending.baked(tonight, request.began, f"the bake was ended by somebody else: {bake.ended}, {bake.why}")


def _retire(tonight: Tonight, request: Request, bake: Bake) -> Report:
    """Compare, and end the servers that served before. When that fails, the bake goes on."""
    plan = tonight.steps.run("plan", Plan, lambda: _compile(tonight, bake, ""))
    carrier = _begin(tonight, plan)
    _forward(tonight, carrier, plan)
    updated = Updated(steps=tuple(carrier.records), done=carrier.done)
    tonight.steps.run("the bake is over", Bake, lambda: _end(tonight, bake))
    return ending.closed(tonight, request.began, _no_offering(), plan, updated, "its bake is over")


def _end(tonight: Tonight, bake: Bake) -> Bake:
    outside = tonight.outside
    return bakes.end(outside.objects, bake, "kept", "its time was over and both were equal", outside.clock.now())


def _go_back(tonight: Tonight, request: Request, bake: Bake, why: str) -> Report:
    """Move clients back. Raises `PersonNeeded` when that can't be done without losing something."""
    plan = tonight.steps.run("plan the way back", Plan, lambda: _compile(tonight, bake, why))
    tonight.say("back", f"clients go back, because {why}", {"lines": explain(plan)})
    move, leave = (msgspec.structs.replace(plan, steps=(step,)) for step in plan.steps)
    carrier = _begin(tonight, plan)
    try:
        _forward(tonight, carrier, move)
    except (StepFailed, Unreadable) as error:
        risk = at_risk(tonight.environment, tonight.outside, ways_back(bake))
        raise PersonNeeded(
            f"clients stay where they are: {error.what}. {risk}",
            "bring the server that serves back, then `dco rollback`; nobody moves away from a log that was not read",
        ) from error
    tonight.steps.run("keep it out", bool, lambda: _keep_out(tonight, bake, why))
    try:
        carrier.forward(tonight.steps, leave)
    except DcoError as error:
        why = f"{why}; the servers that were left are still there: {error.what} ({error.remedy})"
    done = Updated(steps=tuple(carrier.records), done=carrier.done)
    return ending.went_back(tonight, request.began, _no_offering(), plan, done, why, asked=bool(request.back))


def _keep_out(tonight: Tonight, bake: Bake, why: str) -> bool:
    """Keep the redeploy out until what it would bring about is another, or a person lets it in again."""
    objects = tonight.outside.objects
    left = nights.plan_of(objects, bake.redeploy)
    if left is None:
        return False
    at = tonight.outside.clock.now()
    quarantine.put(objects, quarantine.Quarantined(goal=left.goal, night=tonight.key, at=at, why=why))
    return True


def _compile(tonight: Tonight, bake: Bake, why: str) -> Plan:
    released = releases.read(tonight.outside.objects)
    if released is None:
        raise ConfigurationError("there is no release record", "run `dco adopt` once")
    if why:
        return back(tonight.environment.name, released, bake.databases, why)
    return retire(tonight.environment.name, released, bake.databases, f"the bake of {bake.redeploy} is over")


def _begin(tonight: Tonight, plan: Plan) -> Carrier:
    tonight.steps.run("take the lock", bool, lambda: take_lock(tonight, plan))
    return carrier_of(tonight, plan)


def _forward(tonight: Tonight, carrier: Carrier, plan: Plan) -> None:
    """Carry a plan out. What fails is taken back, the lock is given back, and the error raised."""
    try:
        carrier.forward(tonight.steps, plan)
    except DcoError:
        carrier.back(tonight.steps)
        unlock(tonight)
        raise


def _no_offering() -> OfferingEnd:
    return OfferingEnd(well=True, sentence="no offering: a bake ended")
