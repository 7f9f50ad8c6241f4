"""Every type this provider knows."""

from dco_sandbox.provider import (
    autoscaling,
    cloudwatch,
    ecs,
    ecs_service,
    elb,
    elb_listener,
    elb_targets,
    events,
    groups,
    iam,
    instances,
    logs,
    lookups,
    s3,
    s3_rules,
    ssm,
    volumes,
    vpc,
    vpc_edges,
)
from dco_sandbox.provider.kind import Kind, Lookup

MODULES = (
    autoscaling,
    cloudwatch,
    ecs,
    ecs_service,
    elb,
    elb_listener,
    elb_targets,
    events,
    groups,
    iam,
    instances,
    logs,
    lookups,
    s3,
    s3_rules,
    ssm,
    volumes,
    vpc,
    vpc_edges,
)


def kinds() -> list[Kind]:
    """Give one of each resource type."""
    return [kind() for module in MODULES for kind in getattr(module, "KINDS", ())]


def lookups_known() -> list[Lookup]:
    """Give one of each data source."""
    return [lookup() for module in MODULES for lookup in getattr(module, "LOOKUPS", ())]
