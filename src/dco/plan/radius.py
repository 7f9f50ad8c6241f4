"""What a stack plan touches, what nobody can tell before it is applied, and what will not serve meanwhile."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dco.model.stackplan import StackPlan
from dco.plan.losses import REVISIONS, loss
from dco.plan.paths import leaves, table

_KINDS = 4
_SHOWN = 5
_RESTARTS: Mapping[str, tuple[str, ...]] = {
    "aws_instance": ("instance_type", "user_data", "user_data_base64", "ebs_optimized", "cpu_options", "hibernation"),
    "aws_db_instance": ("engine_version", "instance_class", "parameter_group_name", "multi_az", "storage_type"),
    "aws_rds_cluster": ("engine_version", "db_cluster_parameter_group_name"),
    "aws_rds_cluster_instance": ("instance_class",),
    "aws_elasticache_cluster": ("engine_version", "node_type"),
    "aws_elasticache_replication_group": ("engine_version", "node_type"),
    "aws_mq_broker": ("engine_version", "host_instance_type"),
}
"""Type → attributes whose change in place restarts it."""
_SERVES = (
    "aws_alb", "aws_autoscaling_group", "aws_db_proxy", "aws_ecs_cluster", "aws_ecs_service", "aws_eip",
    "aws_internet_gateway", "aws_lb", "aws_lb_listener", "aws_lb_target_group", "aws_nat_gateway", "aws_route",
    "aws_route53_record", "aws_route_table", "aws_route_table_association", "aws_security_group", "aws_subnet",
    "aws_vpc", "aws_vpc_endpoint", "aws_vpc_security_group_ingress_rule", "aws_security_group_rule",
)  # fmt: skip
"""Types without which requests don't arrive."""


def downtime(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield why something will not serve for a while, as far as that is known of a resource's type."""
    change, kind, address = resource["change"], str(resource["type"]), resource["address"]
    before, after, unknown = table(change["before"]), table(change["after"]), table(change.get("after_unknown"))
    if change["actions"] == ["update"]:
        changed = [
            key for key in _RESTARTS.get(kind, ()) if before.get(key) != after.get(key) or unknown.get(key) is True
        ]
        if changed:
            yield f"downtime: {address} is stopped and started again, since {', '.join(changed)} changes"
        if kind == "aws_ecs_service" and before.get("desired_count") and after.get("desired_count") == 0:
            yield f"downtime: {address} is scaled to zero"
    elif (lost := loss(change["actions"])) and kind in _SERVES and not _made_first(change):
        yield f"downtime: {address} is away {'until it is made anew' if lost == 'replace' else 'from then on'}"


def _made_first(change: Mapping[str, Any]) -> bool:
    return list(change["actions"])[:1] == ["create"]


def radius(plan: StackPlan, *, waits: bool) -> Iterator[str]:
    """Yield how many resources of which kind are touched, what is not known yet, and whether downtime is expected."""
    yield _counted(plan.resource_changes)
    if untold := list(_unknown(plan.resource_changes)):
        more = f" and {len(untold) - _SHOWN} more" if len(untold) > _SHOWN else ""
        yield f"not known before apply: {', '.join(untold[:_SHOWN])}{more}"
    if plan.deferred:
        yield f"Terraform leaves {plan.deferred} for a later plan: this one is not all of it"
    if not waits:
        yield "no downtime is expected"


def _counted(changes: Iterable[Mapping[str, Any]]) -> str:
    verbs = Counter(_verb(one) for one in changes)
    kinds = Counter(str(one["type"]) for one in changes)
    if not kinds:
        return "only outputs change"
    counts = ", ".join(f"{count} to {verb}" for verb, count in sorted(verbs.items()))
    listed = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(_KINDS))
    more = f" and {len(kinds) - _KINDS} more types" if len(kinds) > _KINDS else ""
    return f"{counts} ({listed}{more})"


def _verb(resource: Mapping[str, Any]) -> str:
    actions = list(resource["change"]["actions"])
    if (lost := loss(actions)) == "replace" and resource["type"] in REVISIONS:
        return "revise"
    if lost:
        return lost
    if actions == ["no-op"]:
        return "import" if "importing" in resource["change"] else "move"
    return actions[0]


def _unknown(changes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Name attributes of what is there already; of a new thing nearly all is unknown, which tells nothing."""
    for resource in changes:
        change = resource["change"]
        if change["actions"] == ["update"]:
            for path in sorted({path for path, value in leaves(change.get("after_unknown")) if value is True}):
                yield f"{resource['address']}.{'.'.join(path)}"
