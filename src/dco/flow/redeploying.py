"""The redeploy of databases, told as a story: guardrails, join, prove, warm, ask, switch, watch, bake."""

from dataclasses import replace

import msgspec

from dco.detect import machine_images
from dco.flow import ending, offering
from dco.flow.asking import ask
from dco.flow.due import next_due
from dco.flow.patience import patient
from dco.flow.tonight import Tonight
from dco.flow.updating import carrier_of, take_lock, update
from dco.model.change import Action
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, DcoError, PersonNeeded, Refused
from dco.model.finding import Finding
from dco.model.offering import OfferingEnd
from dco.model.outcome import Report
from dco.model.plan import Plan, Step
from dco.model.redeploy import Wanted
from dco.operations.neo4j_redeploy.guardrails import Guardrails, refusals
from dco.operations.neo4j_redeploy.places import Places
from dco.operations.neo4j_redeploy.shaping import shape
from dco.plan.explain import explain
from dco.plan.redeploying import SWITCH, redeploy, version_in
from dco.record import bakes, lock, nights, quarantine, releases
from dco.verify.serving import Baseline, baseline

MARK = "-redeploy"
"""What the id of a redeploy ends with."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a redeploy is started with: the image for each database, by a person's word or as a night found it."""

    environment: Environment
    began: str
    images: dict[str, str | None]
    """Database → image; None for the one that [images] wants for it."""
    version: str | None = None
    """The version of Neo4j that the images ship; where nobody says it, their names may; else the present one."""
    dry: bool = False
    """Go up to the switch, and throw the new servers away."""


def tell(tonight: Tonight, request: Request) -> Report:
    """Redeploy databases; whatever happens is in the report, which says what serves now."""
    tonight = patient(tonight)
    try:
        plan = _plan(tonight, request)
        if request.dry:
            return _rehearsed(tonight, request, plan)
        agreed: list[str] = []

        def agree(step: Step) -> None:
            if step.operation == SWITCH:
                agreed.append(ask(tonight, plan))

        updated = update(without_alarms(tonight), plan, agree)
        if updated.failed is None:
            until = tonight.steps.run("until when it bakes", str, lambda: _until(tonight))
            tonight.say("bakes", f"until {until} `dco rollback` goes back and loses nothing")
            if left := tonight.steps.run("let Terraform note who serves", str, lambda: _note(tonight)):
                tonight.say("stack", left)
        word = agreed[0] if agreed else "nobody was asked"
        return ending.closed(tonight, request.began, _no_offering(), plan, updated, word)
    except DcoError as error:
        return ending.failed(tonight, request.began, error)


def _no_offering() -> OfferingEnd:
    return OfferingEnd(well=True, sentence="no offering: databases are redeployed")


def _plan(tonight: Tonight, request: Request) -> Plan:
    """Look and compile. Raises `Refused` for what the guardrails or quarantine keep out."""
    wanted = tonight.steps.run("see what is wanted", dict[str, Wanted], lambda: _wanted(tonight, request))
    findings = tonight.steps.run("look at the guardrails", tuple[Finding, ...], lambda: _look(tonight, wanted))
    for finding in findings:
        tonight.say("guardrail", f"{finding.mark} {finding.what}: {finding.detail}")
    plan = tonight.steps.run("plan", Plan, lambda: _compile(tonight, wanted, findings))
    tonight.say("planned", f"plan {plan.digest} of {len(plan.steps)} steps, risk {plan.risk}", {"lines": explain(plan)})
    if plan.refusals:
        raise Refused("a guardrail forbids it: " + "; ".join(plan.refusals), "each names its way out")
    tonight.steps.run("see that nothing runs", bool, lambda: check_calm(tonight, plan))
    tonight.keep(plan)
    return plan


def _look(tonight: Tonight, wanted: dict[str, Wanted]) -> tuple[Finding, ...]:
    environment, outside = tonight.environment, tonight.outside
    due = next_due(environment.schedule, outside.clock.now()).isoformat()
    return Guardrails(environment, outside, due).look(wanted)


def _compile(tonight: Tonight, wanted: dict[str, Wanted], findings: tuple[Finding, ...]) -> Plan:
    environment, outside = tonight.environment, tonight.outside
    places, released = Places(environment, outside), releases.read(outside.objects)
    if released is None:
        raise ConfigurationError("nothing was ever released: there is nothing to go back to", "run `dco adopt` once")
    slots = {name: places.slot(name) for name in wanted}
    by_string = [name for name in wanted if places.database(name).by_string]
    return redeploy(environment.name, released, slots, wanted, refusals(findings), by_string)


def _wanted(tonight: Tonight, request: Request) -> dict[str, Wanted]:
    """Fill in what nobody said. Raises `ConfigurationError` where there is nothing to redeploy to."""
    if not request.images:
        raise ConfigurationError("no database is named", "for example: dco redeploy ledger search --image ami-…")
    return {name: _wanted_of(tonight, name, image, request.version) for name, image in request.images.items()}


def _wanted_of(tonight: Tonight, name: str, image: str | None, version: str | None) -> Wanted:
    present = Places(tonight.environment, tonight.outside).slot(name)
    image = image or _newest(tonight, name)
    state = None if version else tonight.outside.fleet.image(image)
    return Wanted(image=image, version=version or (state and version_in(state.name)) or present.version)


def _newest(tonight: Tonight, name: str) -> str:
    """Return the image that [images] wants for a database instead of the one that runs."""
    environment, outside = tonight.environment, tonight.outside
    for key, wish in environment.images.items():
        if wish.database == name:
            now = outside.clock.now()
            (found,) = machine_images.detect(key, wish, environment, outside.fleet, outside.parameters, now)
            if found.action is Action.REDEPLOY and found.available:
                return found.available
            raise ConfigurationError(f"no other image is wanted for {name}: {found.reason}", "name one: --image ami-…")
    raise ConfigurationError(f"no image is named for {name}", f"--image ami-…, or [images.{name}] in dco.toml")


def check_calm(tonight: Tonight, plan: Plan) -> bool:
    """Demand that nobody updates, waits or offers, and that the plan is not kept out. Raises `Refused`."""
    outside = tonight.outside
    held = lock.holder(outside.objects)
    if held is not None and held.night != tonight.key:
        raise Refused(f"{held.whose} of {held.who} updates since {held.since}: {held.why}", "wait for it to end")
    if waits := nights.who_waits(outside.objects):
        raise Refused(f"night {waits} waits for approval", f"approve or reject it first: `dco show {waits}`")
    if running := offering.running(tonight.environment, outside):
        raise Refused(f"the offering runs ({running}): nothing is touched meanwhile", "try again when it has ended")
    for kept in quarantine.find(outside.objects, plan):
        raise Refused(f"this was taken back by {kept.night}: {kept.why}", f"`dco release {kept.goal}` lets it in again")
    return True


def without_alarms(tonight: Tonight) -> Tonight:
    """Leave alarms to the bake: that clients waited in the switch may ring one, which then needs time to calm down."""
    return replace(tonight, environment=tonight.environment.without_alarms)


def _note(tonight: Tonight) -> str:
    """Let the stack's parameters name the servers that serve now, so that no night finds them to be changed.

    Returns why that could not be done: clients do not depend on it.
    """
    try:
        shape(tonight.environment, tonight.outside)
    except DcoError as error:
        return f"the next night finds parameters of the stack to be changed: {error.what}"
    return ""


def _until(tonight: Tonight) -> str:
    bake = bakes.open_one(tonight.outside.objects)
    return bake.until if bake else "it was ended"


def _rehearsed(tonight: Tonight, request: Request, plan: Plan) -> Report:
    """Do everything up to the switch, and take it back."""
    dry = msgspec.structs.replace(plan, steps=tuple(one for one in plan.steps if one.operation != SWITCH))
    tonight.steps.run("take the lock", bool, lambda: take_lock(tonight, dry))
    tonight.steps.run("look before", Baseline, lambda: baseline(tonight.outside, tonight.environment))
    carrier = carrier_of(tonight, dry)
    failed: DcoError | None = None
    try:
        carrier.forward(tonight.steps, dry)
    except DcoError as error:
        failed = error
    try:
        carrier.back(tonight.steps)
    except DcoError as worse:
        raise PersonNeeded(f"the new servers could not be thrown away: {worse.what}", worse.remedy) from failed
    if failed is not None:
        raise failed
    return ending.rehearsed(tonight, request.began, _no_offering(), dry, tuple(carrier.records))
