"""Lets Terraform make what the slots say, and nothing else."""

import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from dco.model.environment import Environment, Stack
from dco.model.errors import ConfigurationError, Refused, StepFailed
from dco.model.stackplan import StackPlan
from dco.plan.paths import table
from dco.record import releases
from dco.seams.outside import Outside

_MADE = frozenset({"aws_instance", "aws_ebs_volume", "aws_volume_attachment"})
Resource = Mapping[str, Any]


def stack_of(environment: Environment) -> tuple[str, Stack]:
    """Return the stack that makes the databases' servers. Raises `ConfigurationError` when that can't be told."""
    named = environment.redeploy.stack
    if named is not None and named in environment.stacks:
        return named, environment.stacks[named]
    if named is None and len(environment.stacks) == 1:
        return next(iter(environment.stacks.items()))
    known = ", ".join(sorted(environment.stacks)) or "none"
    raise ConfigurationError(
        f"can't tell which stack makes the databases' servers ({f'not {named}' if named else 'there are several'})",
        f"say it under [redeploy]: stack = …; there is: {known}",
    )


def nothing_else(resource: Resource) -> bool:
    """Allow nothing but that servers are made."""
    del resource
    return False


def shape(environment: Environment, outside: Outside, allowed: Callable[[Resource], bool] = nothing_else) -> None:
    """Plan and apply the released configuration with the slots as they are now.

    Raises `Refused` before anything is changed when the plan would do more than servers need, or what is not
    `allowed` (creating them always is), and `StepFailed` when something is left to do.
    """
    with _planning(environment, outside) as (name, plan, again, apply):
        if strange := [one["address"] for one in plan.resource_changes if not (_makes(one) or allowed(one))]:
            raise Refused(
                f"stack {name} would change more than the databases' servers: {', '.join(strange)}",
                "let a night deploy or put right that first (`dco detect` shows it), then redeploy",
            )
        if not plan.changed:
            return
        apply()
        if left := again().addresses:
            raise StepFailed(f"stack {name} was applied, yet Terraform would still change {', '.join(left)}")


def waiting(environment: Environment, outside: Outside) -> tuple[str, ...]:
    """Return the addresses that the released configuration would change as all is now."""
    with _planning(environment, outside) as (_, plan, _again, _apply):
        return plan.addresses


@contextmanager
def _planning(
    environment: Environment, outside: Outside
) -> Generator[tuple[str, StackPlan, Callable[[], StackPlan], Callable[[], None]]]:
    """Give the stack's name, its plan, and what plans again and what applies; no file of it is left behind."""
    name, configured = stack_of(environment)
    released = releases.read(outside.objects)
    if released is None or name not in released.stacks:
        raise ConfigurationError(f"stack {name} was never released", "run `dco adopt` once")
    stack = released.stacks[name].as_released(configured)
    place = outside.directory / "stacks" / name / "servers"
    root, file = place / "root", place / "saved.tfplan"
    outside.source.export(released.revision, root)

    def plan() -> StackPlan:
        return outside.stacks.plan(stack, root, file)

    try:
        yield name, plan(), plan, lambda: outside.stacks.apply(stack, root, file)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _makes(resource: Resource) -> bool:
    """Tell whether a planned change makes a server, or notes where servers are."""
    actions = list(resource["change"]["actions"])
    if resource["type"] == "aws_ssm_parameter":
        return actions == ["update"]
    return actions in (["no-op"], ["read"]) or (actions == ["create"] and resource["type"] in _MADE)


def ends(databases: Mapping[str, str]) -> Callable[[Resource], bool]:
    """Allow that the servers of these databases' colours end, told by their tags; volumes stay."""
    return _going(databases, frozenset({"aws_instance", "aws_volume_attachment"}))


def clears(databases: Mapping[str, str]) -> Callable[[Resource], bool]:
    """Allow that the volumes of these databases' colours go."""
    return _going(databases, frozenset({"aws_ebs_volume"}))


def _going(databases: Mapping[str, str], kinds: frozenset[str]) -> Callable[[Resource], bool]:
    def allowed(resource: Resource) -> bool:
        if list(resource["change"]["actions"]) != ["delete"] or resource["type"] not in kinds:
            return False
        tags = table(table(resource["change"]["before"]).get("tags"))
        if not tags:
            # An attachment has no tags; its key in Terraform is the colour.
            return any(
                resource["address"].endswith(f'["{colour}"]') and f'["{name}"]' in resource["address"]
                for name, colour in databases.items()
            )
        return databases.get(str(tags.get("dco:database"))) == tags.get("dco:colour")

    return allowed
