"""What a stack plan would lose: what holds data and is destroyed, replaced, forgotten, or made anew where it vanished.

Each loss is told with the chain of reasons and the way out.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dco.model.environment import Stack
from dco.model.holding import kind_holds_data
from dco.model.stackplan import StackPlan
from dco.plan.paths import dotted, plain, reach, row, shown, table, then
from dco.plan.readdressed import Twins

REVISIONS = ("aws_ecs_task_definition",)
"""Types whose replacement only adds a revision: nothing that runs is touched by it."""
_KNOWN = frozenset({"create", "delete", "update", "read", "no-op", "forget"})
_REASONS = {
    "delete_because_no_resource_config": "no configuration names it any more",
    "delete_because_no_module": "its module is not in the configuration any more",
    "delete_because_no_move_target": "a moved block points to what is not there",
    "delete_because_wrong_repetition": "it uses count or for_each differently now",
    "delete_because_count_index": "count is smaller now",
    "delete_because_each_key": "its key is not in for_each any more",
    "replace_because_tainted": "it is tainted",
    "replace_by_request": "a replacement was asked for",
    "replace_by_triggers": "what replace_triggered_by names changes",
}


_RESTORE = "restore it from its backup and import it, or take it out of the state by hand"


def loss(actions: Iterable[str]) -> str | None:
    """Name what is lost: nothing by creating, updating, reading or moving."""
    actions = list(actions)
    if "delete" in actions:
        return "replace" if "create" in actions else "destroy"
    return "forget" if "forget" in actions else None


def holds_data(resource: Mapping[str, Any], stack: Stack, slots: frozenset[str]) -> bool:
    """Tell whether a resource holds data; a slot does, because it says what runs."""
    kind = str(resource["type"])
    if kind == "aws_ssm_parameter":
        return table(resource["change"]["before"]).get("name") in slots
    return kind_holds_data(kind, tuple(stack.holds_data))


def refusals(
    name: str, stack: Stack, plan: StackPlan, slots: frozenset[str], moved: frozenset[str], twins: Twins
) -> Iterable[str]:
    """Yield why a stack plan must not be applied. `moved` are data sources that resolve to something else now."""
    holding = tuple(stack.holds_data)
    vanished = {str(one["address"]) for one in plan.drift if "delete" in one["change"]["actions"]}
    for resource in plan.resource_changes:
        actions = list(resource["change"]["actions"])
        address, lost = resource["address"], loss(actions)
        if strange := sorted(set(actions) - _KNOWN):
            what = f"stack {name} would do something that dco does not know to {address}: {strange[0]}"
            yield f"{what}; way out: apply it by hand, and look for a newer dco"
        elif lost and holds_data(resource, stack, slots):
            what = f"stack {name} would {lost} {address}, which holds data{because(resource, moved)}"
            yield f"{what}; way out: {_way_out(resource, lost, twins)}"
        elif address in vanished and "create" in actions and kind_holds_data(str(resource["type"]), holding):
            what = f"{address} of stack {name} was removed past Terraform and held data"
            yield f"{what}: an empty one would be made in its place; way out: {_RESTORE}"
        elif _sets_slot(resource, slots):
            what = f"stack {name} would set {address}, a slot: only dco says what runs"
            yield f"{what}; way out: give it lifecycle {{ ignore_changes = [value, insecure_value] }}"


def because(resource: Mapping[str, Any], moved: frozenset[str]) -> str:
    """Return the chain of reasons: which attributes force it, from what to what and by what, else Terraform's own."""
    change = resource["change"]
    if paths := [row(path) for path in row(change.get("replace_paths"))]:
        forced = (
            f"{dotted(path)} {shown(reach(change['before'], path))} → {then(change, path)}{_by(resource, path, moved)}"
            for path in paths
        )
        return f", because {', '.join(forced)} forces a replacement"
    reason = _REASONS.get(str(resource.get("action_reason", "")))
    return f", because {reason}" if reason else ""


def _by(resource: Mapping[str, Any], path: list[Any], moved: frozenset[str]) -> str:
    """Name the data source that resolves to something else, or else what an attribute comes from."""
    origins = [str(one) for one in table(resource.get("origins")).get(str(path[0]), [])]
    resolved = [one for one in origins if plain(one) in {plain(address) for address in moved}]
    if resolved:
        return f" (since {resolved[0]} resolves to something else now)"
    return f" (from {origins[0]})" if origins else ""


def _way_out(resource: Mapping[str, Any], lost: str, twins: Twins) -> str:
    if block := twins.proposal(resource):
        return f"if it only got another address, add: {block}"
    if lost == "replace" and resource["type"] == "aws_instance":
        return "pin the attribute to its present value, or move the database by a database redeploy"
    if lost == "replace":
        return "pin the attribute to its present value, or make a second one, copy its data and switch by hand"
    return "put its configuration back; what really has to go is removed by a person, after a backup"


def _sets_slot(resource: Mapping[str, Any], slots: frozenset[str]) -> bool:
    change = resource["change"]
    before, after, unknown = table(change["before"]), table(change["after"]), table(change.get("after_unknown"))
    if resource["type"] != "aws_ssm_parameter" or not slots & {before.get("name"), after.get("name")} or not before:
        return False
    return any(unknown.get(key) is True or before.get(key) != after.get(key) for key in ("value", "insecure_value"))
