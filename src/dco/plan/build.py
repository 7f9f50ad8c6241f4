"""Compiles what a look found into ordered steps: stacks, then images, then services, then what is only recorded."""

from collections.abc import Iterable

from dco.model.change import Action, Change, Status
from dco.model.environment import Application, Environment
from dco.model.holding import kind_holds_data
from dco.model.look import Look
from dco.model.plan import Plan, Risk, Step
from dco.model.release import Release
from dco.model.stackplan import StackPlan
from dco.plan.deciding import by_policy
from dco.plan.guard import Verdict, inspect
from dco.plan.losses import REVISIONS
from dco.plan.paths import table

_SURROUNDINGS = ("drift:settings/", "drift:security-group/", "drift:role/", "drift:parameter/")


def build(environment: Environment, released: Release, look: Look, revision: str) -> Plan:
    """Return the plan that brings about what the changes ask for, or says why it must not be carried out."""
    asked = look.changes.to_do()
    verdicts = _verdicts(environment, released, look)
    steps = (
        *_stacks(released, look, verdicts, revision),
        *_images(environment, released, asked, revision),
        *_services(environment, released, asked, revision, _revised(look, verdicts)),
        *_workflows(environment, released, look, revision),
        *_drifts_to_accept(released, asked, revision),
    )
    refusals = [refusal for verdict in verdicts.values() for refusal in verdict.refusals]
    refusals += _lost_states(environment, released, look)
    refusals += [f"{change.component}: {change.reason}" for change in asked if change.action is Action.BLOCK]
    return Plan(
        environment=environment.name,
        base=released.fingerprint,
        revision=revision,
        changes=tuple(change for change in look.changes.changes if change.status is not Status.UNCHANGED),
        steps=tuple(by_policy(environment.policy, step) for step in steps),
        refusals=tuple(refusals),
    )


def _verdicts(environment: Environment, released: Release, look: Look) -> dict[str, Verdict]:
    slots = frozenset(
        [database.slot for database in environment.databases.values()]
        + [application.image_parameter for application in environment.applications.values()]
    )
    planned = {change.name.removeprefix("stack/") for change in look.changes.to_do() if _of_stack(change)}
    return {
        name: inspect(
            name, environment.stacks[name], look.plans[name], slots, _resolved(released, name, look.plans[name])
        )
        for name in environment.stacks
        if name in planned and name in look.plans
    }


def _resolved(released: Release, name: str, planned: StackPlan) -> frozenset[str]:
    """Name the data sources that resolve to something else than at the release."""
    before = released.stacks[name].data_sources if name in released.stacks else {}
    return frozenset(address for address, value in planned.data_sources.items() if before.get(address, value) != value)


def _lost_states(environment: Environment, released: Release, look: Look) -> Iterable[str]:
    """Yield each stack whose state is empty though it was released: everything would be made a second time, empty."""
    for name, planned in look.plans.items():
        holding = tuple(environment.stacks[name].holds_data) if name in environment.stacks else ()
        kinds = (str(one["type"]) for one in planned.resource_changes if "create" in one["change"]["actions"])
        if name in released.stacks and planned.in_use == () and any(kind_holds_data(kind, holding) for kind in kinds):
            yield (
                f"the state of stack {name} holds nothing, though it was released: what holds data would be made a "
                "second time, empty; way out: bring the state back (the bucket keeps versions), or mend backend_config"
            )


def _of_stack(change: Change) -> bool:
    return change.component.startswith(("stack:", "drift:stack/"))


def _stacks(released: Release, look: Look, verdicts: dict[str, Verdict], revision: str) -> Iterable[Step]:
    for name, verdict in verdicts.items():
        changes = [c for c in look.changes.to_do() if _of_stack(c) and c.name.removeprefix("stack/") == name]
        asks = any(change.action is Action.APPROVE for change in changes)
        planned = look.plans[name]
        yield Step(
            operation="stack.apply",
            target=name,
            reason="; ".join([*(change.reason for change in changes), *verdict.notes, *verdict.told]),
            undo=f"plan and apply {released.revision[:12]} again, with its recorded inputs and today's slots",
            risk=Risk.HIGH if asks else verdict.risk,
            arguments={
                "meaning": planned.meaning,
                "addresses": list(planned.addresses),
                "content": look.contents.stacks.get(name, ""),
                "inputs": look.contents.inputs.get(name, ""),
            },
            revision=revision,
            released=released.revision,
        )


def _images(environment: Environment, released: Release, asked: tuple[Change, ...], revision: str) -> Iterable[Step]:
    for change in _applications(asked):
        yield Step(
            operation="image.build",
            target=change.name,
            reason=change.reason,
            undo="the image stays unused in the registry",
            risk=Risk.LOW,
            arguments={
                "content": change.available,
                "repository": environment.applications[change.name].repository,
            },
            revision=revision,
            released=released.revision,
        )


def _revised(look: Look, verdicts: dict[str, Verdict]) -> dict[str, str]:
    """Return task family → the stack that revises its definition."""
    return {
        str(table(one["change"]["after"]).get("family")): name
        for name in verdicts
        for one in look.plans[name].resource_changes
        if one["type"] in REVISIONS and "create" in one["change"]["actions"]
    }


def _together(application: Application, revised: dict[str, str]) -> Iterable[str]:
    """Say which stacks and this application move together, since the one revises what the other runs."""
    families = [*application.families, *(service.family for service in application.services.values())]
    for family in families:
        if family in revised:
            yield f"together with stack {revised[family]}, which revises its task definition {family}"


def _services(
    environment: Environment,
    released: Release,
    asked: tuple[Change, ...],
    revision: str,
    revised: dict[str, str],
) -> Iterable[Step]:
    built = {change.name: change for change in _applications(asked)}
    for name, application in environment.applications.items():
        drifted = [change for change in asked if change.component in _drifts(name, application)]
        before = released.applications.get(name)
        if name in built:
            arguments = {"image_from": f"image.build {name}", "content": built[name].available}
            reason = "; ".join(["a new image is built for it", *(change.reason for change in drifted)])
        elif drifted and before is not None:
            arguments = {"image": before.image, "content": before.content}
            reason = "; ".join(f"{change.component}: {change.reason}" for change in drifted)
        else:
            continue
        reason = "; ".join([reason, *_together(application, revised)])
        asks = any(change.action is Action.APPROVE for change in drifted)
        yield Step(
            operation="service.roll",
            target=name,
            reason=reason,
            undo="set the slot back and roll its services to the revisions that they ran before",
            risk=Risk.HIGH if asks else Risk.MEDIUM,
            arguments=arguments,
            revision=revision,
            released=released.revision,
        )


def _workflows(environment: Environment, released: Release, look: Look, revision: str) -> Iterable[Step]:
    """A workflow works as soon as it is merged: a person looks at it, and then it is part of the record."""
    directory = environment.workflows.directory.rstrip("/")
    for change in look.changes.to_do():
        if change.source == "workflow":
            path = f"{directory}/{change.name}"
            yield Step(
                operation="workflow.accept",
                target=change.name,
                reason=change.reason,
                undo="nothing was changed: only the record of what was looked at is left as it was",
                risk=Risk.HIGH,
                arguments={"path": path, "meaning": look.contents.workflows.get(path)},
                revision=revision,
                released=released.revision,
            )


def _drifts_to_accept(released: Release, asked: tuple[Change, ...], revision: str) -> Iterable[Step]:
    """What surrounds the services has no step of its own: a person keeps it, or puts it back before the next night."""
    for change in asked:
        if change.component.startswith(_SURROUNDINGS) and change.action is Action.APPROVE:
            yield Step(
                operation="drift.accept",
                target=change.name,
                reason=f"{change.reason}; it is recorded as it is then, so put it back first if it must not stay",
                undo="nothing was changed: only the record is left as it was",
                risk=Risk.HIGH,
                arguments={"content": change.available},
                revision=revision,
                released=released.revision,
            )


def _applications(asked: tuple[Change, ...]) -> tuple[Change, ...]:
    return tuple(change for change in asked if change.component.startswith("application:"))


def _drifts(name: str, application: Application) -> set[str]:
    """Name the components whose drift is put right by rolling an application."""
    services = {f"drift:service/{key}" for key in application.services}
    families = {f"drift:family/{family}" for family in application.families}
    return {f"drift:slot/{name}", *services, *families}
