"""What a stack plan must never do, and what it may only do when a person agrees.

Destroying, replacing or forgetting what holds data is refused, with the chain of reasons and the way out. Openings to
everybody, and every other replacement or destruction, make the plan's risk high.
"""

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from dco.model.environment import Stack
from dco.model.plan import Risk
from dco.model.stackplan import StackPlan

HOLDS_DATA = (
    "aws_backup_vault",
    "aws_cloudwatch_log_group",
    "aws_db_*",
    "aws_docdb_*",
    "aws_dynamodb_table",
    "aws_ebs_volume",
    "aws_ecr_repository",
    "aws_efs_*",
    "aws_elasticache_*",
    "aws_instance",
    "aws_kms_key",
    "aws_opensearch_domain",
    "aws_rds_*",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
    "aws_sqs_queue",
    "aws_volume_attachment",
)
"""Types of which a resource holds data, or carries what does."""
_NO_DATA = ("aws_db_parameter_group", "aws_db_option_group", "aws_db_subnet_group", "aws_db_event_subscription")
_REVISIONS = ("aws_ecs_task_definition",)
"""Types whose replacement only adds a revision: nothing that runs is touched by it."""
_EVERYBODY = {"0.0.0.0/0", "::/0"}
_INGRESS = ("aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_security_group", "aws_default_*")
_PROTECTIONS = {
    "deletion_protection": True,
    "enable_deletion_protection": True,
    "disable_api_termination": True,
    "storage_encrypted": True,
    "encrypted": True,
    "publicly_accessible": False,
    "force_destroy": False,
}
"""Attribute → the value that protects."""


@dataclass(frozen=True)
class Verdict:
    """What the guard says to a stack plan: why not, how risky, and what a person should look at."""

    refusals: tuple[str, ...] = ()
    risk: Risk = Risk.MEDIUM
    notes: tuple[str, ...] = ()


def inspect(name: str, stack: Stack, plan: StackPlan, slots: frozenset[str] = frozenset()) -> Verdict:
    """Judge a stack plan. `slots` are the names of the SSM parameters that say what runs: they hold data, too."""
    refusals: list[str] = []
    notes: list[str] = []
    created = [change for change in plan.resource_changes if change["change"]["actions"] == ["create"]]
    for resource in plan.resource_changes:
        loss = _loss(resource["change"]["actions"])
        if loss and _holds_data(resource, stack, slots):
            refusals.append(_refusal(name, resource, loss, created))
        elif loss and not (loss == "replace" and resource["type"] in _REVISIONS):
            notes.append(f"{loss}s {resource['address']}{_because(resource)}")
        notes += _openings(resource)
    return Verdict(tuple(refusals), Risk.HIGH if notes or refusals else Risk.MEDIUM, tuple(notes))


def _loss(actions: list[str]) -> str | None:
    """Name what is lost: nothing by creating, updating, reading or moving."""
    if "delete" in actions:
        return "replace" if "create" in actions else "destroy"
    return "forget" if "forget" in actions else None


def _holds_data(resource: Mapping[str, Any], stack: Stack, slots: frozenset[str]) -> bool:
    kind = str(resource["type"])
    if kind == "aws_ssm_parameter":
        return _table(resource["change"]["before"]).get("name") in slots
    if any(fnmatch.fnmatchcase(kind, pattern) for pattern in stack.holds_data):
        return True
    return kind not in _NO_DATA and any(fnmatch.fnmatchcase(kind, pattern) for pattern in HOLDS_DATA)


def _refusal(name: str, resource: Mapping[str, Any], loss: str, created: list[dict[str, Any]]) -> str:
    """Return the sentence: what would be lost, by which chain, and the way out."""
    address = resource["address"]
    what = f"stack {name} would {loss} {address}, which holds data{_because(resource)}"
    return f"{what}; way out: {_way_out(resource, loss, created)}"


def _because(resource: Mapping[str, Any]) -> str:
    """Return the chain of reasons: which attributes force it, from what to what, else Terraform's own reason."""
    change = resource["change"]
    paths = cast("list[list[Any]]", change.get("replace_paths") or [])
    if paths:
        forced = (f"{_dotted(path)} {_at(change['before'], path)} → {_then(change, path)}" for path in paths)
        return f", because {', '.join(forced)} forces a replacement"
    reason = _REASONS.get(str(resource.get("action_reason", "")))
    return f", because {reason}" if reason else ""


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


def _way_out(resource: Mapping[str, Any], loss: str, created: list[dict[str, Any]]) -> str:
    address, kind = resource["address"], resource["type"]
    twin = next((str(other["address"]) for other in created if _alike(resource, other)), None)
    if twin is not None:
        return f"if it only got another address, add: moved {{ from = {address} to = {twin} }}"
    if loss == "replace" and kind == "aws_instance":
        return "pin the attribute to its present value, or move the database by a database redeploy"
    if loss == "replace":
        return "pin the attribute to its present value, or make a second one, copy its data and switch by hand"
    return "put its configuration back; what really has to go is removed by a person, after a backup"


def _alike(gone: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tell whether a created resource looks like the one that goes: same type, and all known texts that name it."""
    if gone["type"] != new["type"]:
        return False
    before, after = _table(gone["change"]["before"]), _table(new["change"]["after"])
    named = [key for key in ("name", "bucket", "identifier", "tags", "ami", "availability_zone") if after.get(key)]
    return all(before.get(key) == after[key] for key in named)


def _openings(resource: Mapping[str, Any]) -> Iterable[str]:
    """Yield what a change opens to everybody, or which protection it takes away."""
    change = resource["change"]
    before, after = _table(change["before"]), _table(change["after"])
    kind, address = str(resource["type"]), resource["address"]
    opened = _open(after) - _open(before)
    if opened and after.get("type") != "egress" and any(fnmatch.fnmatchcase(kind, each) for each in _INGRESS):
        yield f"{address} lets everybody in ({', '.join(sorted(opened))})"
    for attribute, safe in _PROTECTIONS.items():
        if after.get(attribute) is (not safe) and before.get(attribute) is safe:
            yield f"{address} loses a protection: {attribute} becomes {str(not safe).lower()}"


def _open(values: Mapping[str, Any]) -> set[str]:
    """Return the addresses of everybody among the sources of ingress, each with its ports."""
    ingress = values.get("ingress")
    rules = [_table(rule) for rule in cast("list[Any]", ingress)] if isinstance(ingress, list) else [values]
    found: set[str] = set()
    for rule in rules:
        sources = [rule.get("cidr_ipv4"), rule.get("cidr_ipv6")]
        for key in ("cidr_blocks", "ipv6_cidr_blocks"):
            listed = rule.get(key)
            sources += cast("list[Any]", listed) if isinstance(listed, list) else []
        ports = f"{rule.get('from_port', '')}-{rule.get('to_port', '')}"
        found |= {f"{source} ports {ports}" for source in sources if source in _EVERYBODY}
    return found


def _dotted(path: list[Any]) -> str:
    return ".".join(str(part) for part in path)


def _then(change: Mapping[str, Any], path: list[Any]) -> str:
    unknown = _reach(change.get("after_unknown"), path)
    return "a value known after apply" if unknown is True else _at(change["after"], path)


def _at(value: Any, path: list[Any]) -> str:
    found = _reach(value, path)
    text = "null" if found is None else str(found)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004  a sentence stays readable


def _reach(value: Any, path: list[Any]) -> Any:
    """Return what a path leads to; None where it leads nowhere."""
    for part in path:
        if isinstance(value, dict):
            value = _table(value).get(part)
        elif isinstance(value, list) and isinstance(part, int):
            row = cast("list[Any]", value)
            value = row[part] if part < len(row) else None
        else:
            return None
    return value


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
