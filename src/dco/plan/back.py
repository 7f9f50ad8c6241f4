"""The plan of going back to an earlier release: its stacks, then its images."""

from collections.abc import Mapping

from dco.model.environment import Environment
from dco.model.plan import Plan, Risk, Step
from dco.model.release import Release
from dco.model.stackplan import StackPlan
from dco.plan.guard import Verdict, inspect


def back(environment: Environment, present: Release, target: Release, plans: Mapping[str, StackPlan]) -> Plan:
    """Return the plan that makes an earlier release the present one; undoing it leads to the present one again.

    `plans` are what Terraform would do to each stack of the target's commit. A guard's refusals hold here as well.
    """
    changed = {name: plan for name, plan in plans.items() if plan.changed}
    slots = frozenset(
        [database.slot for database in environment.databases.values()]
        + [application.image_parameter for application in environment.applications.values()]
    )
    verdicts = {name: inspect(name, environment.stacks[name], plan, slots) for name, plan in changed.items()}
    return Plan(
        environment=environment.name,
        base=present.fingerprint,
        revision=target.revision,
        changes=(),
        steps=(
            *(_stack(name, plan, verdicts[name], present, target) for name, plan in changed.items()),
            *(_service(name, present, target) for name in differing(environment, present, target)),
        ),
        refusals=tuple(refusal for verdict in verdicts.values() for refusal in verdict.refusals),
    )


def serves_the_same(environment: Environment, present: Release, target: Release) -> bool:
    """Tell whether going back to a release would change nothing of what serves."""
    return not differing(environment, present, target) and not stacks_to_plan(environment, present, target)


def differing(environment: Environment, present: Release, target: Release) -> tuple[str, ...]:
    """Name the applications whose image is another in the target."""
    return tuple(
        name
        for name, one in target.applications.items()
        if name in environment.applications
        and (name not in present.applications or present.applications[name].image != one.image)
    )


def stacks_to_plan(environment: Environment, present: Release, target: Release) -> tuple[str, ...]:
    """Name the stacks whose files or inputs are others in the target."""
    return tuple(
        name
        for name, one in target.stacks.items()
        if name in environment.stacks and _meaning(present, name) != (one.content, one.inputs)
    )


def _meaning(release: Release, name: str) -> tuple[str, str] | None:
    one = release.stacks.get(name)
    return (one.content, one.inputs) if one else None


def _stack(name: str, plan: StackPlan, verdict: Verdict, present: Release, target: Release) -> Step:
    return Step(
        operation="stack.apply",
        target=name,
        reason="; ".join([f"a person goes back to {target.revision[:12]}", *verdict.notes, *verdict.told]),
        undo=f"plan and apply {present.revision[:12]} again",
        risk=verdict.risk,
        arguments={
            "meaning": plan.meaning,
            "addresses": list(plan.addresses),
            "var_files": target.stacks[name].var_files,
            "variables": target.stacks[name].variables,
        },
        revision=target.revision,
        released=present.revision,
    )


def _service(name: str, present: Release, target: Release) -> Step:
    return Step(
        operation="service.roll",
        target=name,
        reason=f"a person goes back to {target.revision[:12]}, released by night {target.night}",
        undo="set the slot back and roll its services to the revisions that they ran before",
        risk=Risk.MEDIUM,
        arguments={"image": target.applications[name].image, "content": target.applications[name].content},
        revision=target.revision,
        released=present.revision,
    )
