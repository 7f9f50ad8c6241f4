"""Going back to an earlier release, told as a story: choose, plan, update, keep out what was left, record."""

import msgspec

from dco.detect import stack
from dco.flow import ending, offering
from dco.flow.patience import patient
from dco.flow.tonight import Tonight
from dco.flow.updating import update
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, DcoError, Refused
from dco.model.offering import OfferingEnd
from dco.model.outcome import Report
from dco.model.plan import Plan
from dco.model.release import Release
from dco.model.stackplan import StackPlan
from dco.plan.back import back, serves_the_same, stacks_to_plan
from dco.plan.explain import explain
from dco.record import lock, nights, quarantine, releases

MARK = "-rollback"
"""What the id of a rollback ends with."""

_EFFECTS = {"service.roll", "stack.apply"}
"""Operations whose steps are kept out in every later plan, whatever else that plan holds."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a rollback is started with: the night whose release to go back to, else the one before, and why."""

    environment: Environment
    began: str
    to: str | None
    why: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """From which release to which."""

    present: Release
    target: Release


def rollback(tonight: Tonight, request: Request) -> Report:
    """Go back to an earlier release; when that fails, all is as before, or a person is needed."""
    tonight = patient(tonight)
    try:
        choice = tonight.steps.run("choose", Choice, lambda: _choose(tonight, request.to))
        tonight.steps.run("see that nothing runs", bool, lambda: _check_calm(tonight))
        plan = _plan(tonight, choice, request.why)
        updated = update(tonight, plan)
        if updated.failed is None:
            tonight.steps.run("keep out what was left", bool, lambda: _keep_out(tonight, choice.present, request.why))
        offered = OfferingEnd(well=True, sentence="no offering: a person went back to an earlier release")
        return ending.closed(tonight, request.began, offered, plan, updated, f"a person asked for it: {request.why}")
    except DcoError as error:
        return ending.failed(tonight, request.began, error)


def _choose(tonight: Tonight, to: str | None) -> Choice:
    objects = tonight.outside.objects
    present = releases.read(objects)
    if present is None:
        raise ConfigurationError("nothing was ever released: there is nothing to go back to", "run `dco adopt` once")
    if to is not None:
        target = releases.of_night(objects, to)
        if target is None:
            raise Refused(f"night {to} released nothing", "`dco history` lists the nights: choose one that deployed")
    else:
        target = _before(tonight, present)
    if serves_the_same(tonight.environment, present, target):
        raise Refused(
            f"night {target.night} released the images and stacks that serve now",
            "name another with --to; `dco history` lists the nights",
        )
    return Choice(present=present, target=target)


def _before(tonight: Tonight, present: Release) -> Release:
    """Return the newest earlier release that is not what serves and was not itself gone back from."""
    objects = tonight.outside.objects
    kept_out = {one.goal for one in quarantine.all_of(objects)}
    for night in reversed(releases.nights(objects)):
        found = releases.of_night(objects, night)
        if night >= present.night or found is None or serves_the_same(tonight.environment, present, found):
            continue
        plan = nights.plan_of(objects, night)
        if plan is None or plan.goal not in kept_out:
            return found
    raise Refused("there is no release before the present one", "name one with --to; `dco history` lists the nights")


def _check_calm(tonight: Tonight) -> bool:
    outside = tonight.outside
    held = lock.holder(outside.objects)
    if held is not None and held.night != tonight.key:
        raise Refused(
            f"night {held.night} of {held.who} updates the environment since {held.since}: {held.why}",
            f"wait for it, or `dco abort {held.night}`: it takes back what it did",
        )
    waits = nights.who_waits(outside.objects)
    if waits is not None:
        raise Refused(
            f"night {waits} waits for approval and would start from another release",
            f'`dco reject {waits} --why "going back first"`, then go back',
        )
    if running := offering.running(tonight.environment, outside):
        raise Refused(f"the offering runs ({running}): nothing is touched meanwhile", "go back when it has ended")
    if trouble := outside.source.trouble(None):
        raise ConfigurationError("the repository can't be deployed from: " + "; ".join(trouble), "mend it first")
    return True


def _plan(tonight: Tonight, choice: Choice, why: str) -> Plan:
    """Compile the way back. Raises `Refused` for what the guard keeps out, and when there is nothing to do."""
    plan = tonight.steps.run("plan the way back", Plan, lambda: _compile(tonight, choice))
    who = tonight.steps.run("who asks", str, tonight.outside.identity.caller)
    sentence = f"{who} goes back to {choice.target.revision[:12]} of night {choice.target.night}: {why}"
    tonight.say("night", sentence)
    tonight.say("planned", f"plan {plan.digest} of {len(plan.steps)} steps, risk {plan.risk}", {"lines": explain(plan)})
    if plan.refusals:
        raise Refused("the way back is refused: " + "; ".join(plan.refusals), "each refusal names its way out")
    if not plan.steps:
        raise Refused(
            f"the files of stacks differ from those of night {choice.target.night}, but Terraform would change nothing",
            "commit the older files instead: the next night records them",
        )
    tonight.keep(plan)
    return plan


def _compile(tonight: Tonight, choice: Choice) -> Plan:
    outside, environment = tonight.outside, tonight.environment
    outside.source.resolve(choice.target.revision)
    plans: dict[str, StackPlan] = {}
    for name in stacks_to_plan(environment, choice.present, choice.target):
        place = outside.directory / "back" / name
        released = choice.target.stacks[name].as_released(environment.stacks[name])
        plans[name] = stack.plan(released, outside.stacks, outside.source, choice.target.revision, place)
    return back(environment, choice.present, choice.target, plans)


def _keep_out(tonight: Tonight, present: Release, why: str) -> bool:
    """Keep the plan that had brought the left release out of the nights to come; an adopted one had no plan."""
    outside = tonight.outside
    left = nights.plan_of(outside.objects, present.night)
    if left is None:
        return False
    parts = tuple(step.goal for step in left.steps if step.operation in _EFFECTS)
    at = outside.clock.now()
    kept = quarantine.Quarantined(goal=left.goal, parts=parts, night=tonight.key, at=at, why=why)
    quarantine.put(outside.objects, kept)
    return True
