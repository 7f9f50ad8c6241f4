"""The update: locked, carried out, watched; and taken back when anything in it fails."""

from collections.abc import Callable
from functools import partial

import msgspec

from dco.flow import offering
from dco.flow.carry import Carrier, agreed
from dco.flow.tonight import Tonight
from dco.model.approval import Verdict
from dco.model.errors import (
    ConfigurationError,
    DcoError,
    PersonNeeded,
    Refused,
    StepFailed,
    StoredError,
    Unreadable,
    store,
)
from dco.model.finding import Finding, bad
from dco.model.outcome import StepRecord
from dco.model.plan import Plan, Step
from dco.record import ballots, lock, quarantine, releases
from dco.verify.serving import Baseline, baseline, look
from dco.verify.watch import watch

POLL_SECONDS = 1.0
_NOT_ITS_FAULT = (ConfigurationError, Refused, Unreadable)
"""A lock, a world that moved, an AWS that does not answer: nothing that keeps what was to be deployed out."""


class Updated(msgspec.Struct, frozen=True, kw_only=True):
    """How the update ended: with nothing wrong, or taken back because of `failed`."""

    failed: StoredError | None = None
    steps: tuple[StepRecord, ...] = ()
    done: dict[str, dict[str, object]] = {}
    """Step name → the facts it ended with."""


def update(tonight: Tonight, plan: Plan, agree: Callable[[Step], None] = agreed) -> Updated:
    """Carry the plan out and watch it. `agree` is asked before each step, and raises what forbids it.

    Raises `Refused` when it was refused before anything had begun, `PersonNeeded` when neither forward nor back came
    true.
    """
    tonight.steps.run("take the lock", bool, lambda: take_lock(tonight, plan))
    before = tonight.steps.run("look before", Baseline, lambda: baseline(tonight.outside, tonight.environment))
    carrier = carrier_of(tonight, plan)
    try:
        carrier.forward(tonight.steps, plan, agree)
        rolled = _rolled(plan, carrier.done)
        tonight.steps.run("watch", tuple[Finding, ...], lambda: _watch(tonight, plan, rolled, before))
        tonight.say("verified", f"what serves is what was planned, watched for {_bake(tonight)} s")
    except DcoError as error:
        if isinstance(error, Refused) and carrier.untouched:
            raise
        _take_back(tonight, plan, carrier, error)
        return Updated(failed=store(error), steps=tuple(carrier.records))
    return Updated(steps=tuple(carrier.records), done=carrier.done)


def carrier_of(tonight: Tonight, plan: Plan) -> Carrier:
    """Return what carries a plan out, and waits before each step until the system is quiet."""
    return Carrier(
        tonight.key, tonight.operations, tonight.journal, tonight.outside.clock, lambda: _hold(tonight, plan)
    )


def unlock(tonight: Tonight) -> None:
    """Give the lock back, if this night has it."""

    def give_back() -> bool:
        lock.release(tonight.outside.objects, tonight.key)
        return True

    tonight.steps.run("give the lock back", bool, give_back)


def take_lock(tonight: Tonight, plan: Plan) -> bool:
    """Take the environment's lock for a plan."""
    outside = tonight.outside
    why = f"deploys {plan.revision[:12]} in {len(plan.steps)} steps"
    mine = lock.Lock(night=tonight.key, who=outside.identity.caller(), since=outside.clock.now(), why=why)
    lock.take(outside.objects, mine)
    return True


def _hold(tonight: Tonight, plan: Plan) -> None:
    """Return when the next step may begin: no offering runs, the system is quiet, nobody has aborted."""
    outside, environment = tonight.outside, tonight.environment
    quiet = environment.offering.quiet
    deadline = outside.clock.seconds() + (quiet.wait_seconds if quiet else 0)
    while True:
        _stop_if_aborted(tonight, plan)
        if offering.running(environment, outside) is None:
            if offering.is_quiet(environment, outside):
                return
            if outside.clock.seconds() > deadline:
                raise Refused(
                    f"the quiet question was not answered yes within {quiet.wait_seconds if quiet else 0:.0f} s",
                    "look at what is in flight; the next night tries again",
                )
        outside.clock.sleep(POLL_SECONDS)


def _stop_if_aborted(tonight: Tonight, plan: Plan) -> None:
    for ballot in ballots.handed_in(tonight.outside.objects, tonight.key).values():
        if ballot is None or ballot.verdict is not Verdict.ABORT or ballot.digest != plan.digest:
            continue
        try:
            who = tonight.outside.identity.verify(ballot.proof, ballots.statement(ballot))
        except Refused:
            continue
        raise StepFailed(f"aborted by {who}: {ballot.why}", "what was done is taken back")


def _watch(tonight: Tonight, plan: Plan, rolled: dict[str, str], before: Baseline) -> tuple[Finding, ...]:
    """Watch what was rolled, and that everything else still serves what was released."""
    wanted = {**released_images(tonight), **rolled}
    heed = partial(_stop_if_aborted, tonight, plan)
    return watch(tonight.outside, tonight.environment, wanted, before.alarms, heed)


def _rolled(plan: Plan, done: dict[str, dict[str, object]]) -> dict[str, str]:
    """Return application → image of the plan's rollouts."""
    return {
        step.target: str(done[step.name]["image"])
        for step in plan.steps
        if step.operation == "service.roll" and step.name in done
    }


def released_images(tonight: Tonight) -> dict[str, str]:
    """Return application → image of the release record, for the applications that are configured."""
    released = releases.read(tonight.outside.objects)
    known = released.applications if released else {}
    return {name: one.image for name, one in known.items() if name in tonight.environment.applications}


def _take_back(tonight: Tonight, plan: Plan, carrier: Carrier, error: DcoError) -> None:
    try:
        tonight.say("undone", f"goes back, because {error.what}")
        carrier.back(tonight.steps)
        tonight.steps.run("prove", tuple[Finding, ...], lambda: _prove(tonight))
    except DcoError as worse:
        raise PersonNeeded(f"{error.what}; and then {worse.what}", worse.remedy) from error
    if not isinstance(error, _NOT_ITS_FAULT):
        tonight.steps.run("quarantine it", bool, lambda: _quarantine(tonight, plan, carrier, error))


def _prove(tonight: Tonight) -> tuple[Finding, ...]:
    """Look whether everything is as the release record says, for a while: alarms need time to calm down."""
    outside, environment = tonight.outside, tonight.environment
    wanted = released_images(tonight)
    calm = environment.without_alarms
    before = baseline(outside, calm)
    deadline = outside.clock.seconds() + max(environment.verify.bake_seconds, 10)
    while failed := bad(findings := look(outside, calm, wanted, before)):
        if outside.clock.seconds() > deadline:
            what = "; ".join(f"{finding.what}: {finding.detail}" for finding in failed)
            raise PersonNeeded(f"after going back: {what}", "compare `dco status` with the release record")
        outside.clock.sleep(environment.verify.interval_seconds)
    return findings


def _quarantine(tonight: Tonight, plan: Plan, carrier: Carrier, error: DcoError) -> bool:
    why = error.what.splitlines()[0]
    parts = tuple(step.goal for step in _to_blame(plan, carrier))
    at = tonight.outside.clock.now()
    kept = quarantine.Quarantined(goal=plan.goal, parts=parts, night=tonight.key, at=at, why=why)
    quarantine.put(tonight.outside.objects, kept)
    return True


def _to_blame(plan: Plan, carrier: Carrier) -> tuple[Step, ...]:
    """Return the step that failed; when all were done and the watch failed, the rollouts that were watched."""
    failed = {record.name for record in carrier.records if record.state == "failed"}
    if len(carrier.done) == len(plan.steps):
        return tuple(step for step in plan.steps if step.operation == "service.roll")
    return tuple(step for step in plan.steps if step.name in failed)


def _bake(tonight: Tonight) -> str:
    return f"{tonight.environment.verify.bake_seconds:.0f}"
