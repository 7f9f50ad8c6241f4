"""Elastic Load Balancing: load balancers and target groups."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, given, pairs, unpaired
from dco_sandbox.provider.schema import (
    BOOL,
    NUMBER,
    TAGS,
    TEXT_SET,
    Block,
    computed,
    either,
    optional,
)
from dco_sandbox.provider.wire import Values


class ElbKind(Kind):
    """A kind whose tags are the load balancer's."""

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags by ARN."""
        if remove:
            aws("elbv2").remove_tags(ResourceArns=[have["arn"]], TagKeys=remove)
        if add:
            aws("elbv2").add_tags(ResourceArns=[have["arn"]], Tags=pairs(add))


def tags_of(aws: Aws, arn: str) -> dict[str, str]:
    """Give the tags of what has this ARN."""
    found = aws("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return unpaired(found[0]["Tags"]) if found else {}


def marked(want: Values) -> dict[str, Any]:
    """Give the argument that tags a thing while it is made."""
    return {"Tags": pairs(want["tags_all"])} if want["tags_all"] else {}


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) else str(value)


BALANCER_SETTINGS = {
    "idle_timeout": "idle_timeout.timeout_seconds",
    "drop_invalid_header_fields": "routing.http.drop_invalid_header_fields.enabled",
    "enable_deletion_protection": "deletion_protection.enabled",
}
NETWORK_SETTINGS = {
    "enable_deletion_protection": "deletion_protection.enabled",
    "enable_cross_zone_load_balancing": "load_balancing.cross_zone.enabled",
}


def _settings(balancer: Values) -> dict[str, str]:
    """Give the settings that a load balancer of its type has: one of HTTP always reaches over zones."""
    return NETWORK_SETTINGS if balancer["load_balancer_type"] == "network" else BALANCER_SETTINGS


class LoadBalancer(ElbKind):
    """What clients reach."""

    name = "aws_lb"
    attributes = (
        computed("id"),
        computed("arn"),
        computed("arn_suffix"),
        computed("dns_name"),
        computed("zone_id"),
        computed("vpc_id"),
        either("name", new=True),
        either("internal", BOOL, False, new=True),
        either("load_balancer_type", default="application", new=True),
        either("subnets", TEXT_SET),
        either("security_groups", TEXT_SET),
        either("idle_timeout", NUMBER, 60),
        either("drop_invalid_header_fields", BOOL, False),
        either("enable_deletion_protection", BOOL, False),
        either("enable_cross_zone_load_balancing", BOOL, False),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the load balancer."""
        made = aws("elbv2").create_load_balancer(
            Name=want["name"],
            Scheme="internal" if want["internal"] else "internet-facing",
            Type=want["load_balancer_type"],
            **given(Subnets=want["subnets"], SecurityGroups=want["security_groups"]),
            **marked(want),
        )
        arn = made["LoadBalancers"][0]["LoadBalancerArn"]
        return {"id": arn, "arn": arn}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Set what creation has no argument for."""
        settings = [{"Key": key, "Value": _said(state[name])} for name, key in _settings(state).items()]
        aws("elbv2").modify_load_balancer_attributes(LoadBalancerArn=state["id"], Attributes=settings)

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the load balancer, its settings and tags."""
        elb, arn = aws("elbv2"), have["id"]
        found = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
        if not found:
            return None
        answer = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        said = {each["Key"]: each["Value"] for each in answer}
        real: Values = {
            "arn": arn,
            "arn_suffix": arn.split("loadbalancer/", 1)[-1],
            "name": found[0]["LoadBalancerName"],
            "dns_name": found[0]["DNSName"],
            "zone_id": found[0].get("CanonicalHostedZoneId"),
            "vpc_id": found[0].get("VpcId"),
            "internal": found[0].get("Scheme") == "internal",
            "load_balancer_type": found[0]["Type"],
            "subnets": [zone["SubnetId"] for zone in found[0]["AvailabilityZones"]],
            "security_groups": found[0].get("SecurityGroups") or [],
            "tags_all": tags_of(aws, arn),
        }
        return real | {k: _heard(said[key]) for k, key in _settings(real).items() if key in said}

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Set groups, subnets and settings."""
        elb, arn = aws("elbv2"), have["id"]
        if sorted(have["security_groups"] or []) != sorted(want["security_groups"] or []):
            elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=want["security_groups"])
        if sorted(have["subnets"] or []) != sorted(want["subnets"] or []):
            elb.set_subnets(LoadBalancerArn=arn, Subnets=want["subnets"])
        self.arrange(aws, {**want, "id": arn})

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("elbv2").delete_load_balancer(LoadBalancerArn=have["id"])


def _heard(value: str) -> Any:
    if value in {"true", "false"}:
        return value == "true"
    return int(value) if value.isdigit() else value


GROUP_SETTINGS = {
    "deregistration_delay": "deregistration_delay.timeout_seconds",
    "slow_start": "slow_start.duration_seconds",
    "load_balancing_algorithm_type": "load_balancing.algorithm.type",
}


def _of_group(group: Values) -> dict[str, str]:
    """Give the settings that a target group of its protocol has."""
    wanted = ("deregistration_delay",) if group["protocol"] == "TCP" else tuple(GROUP_SETTINGS)
    return {name: GROUP_SETTINGS[name] for name in wanted}


HEALTH = {
    "enabled": "HealthCheckEnabled",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthy_threshold": "HealthyThresholdCount",
    "unhealthy_threshold": "UnhealthyThresholdCount",
}
HEALTH_BLOCK = Block(
    "health_check",
    (
        optional("enabled", BOOL, default=True),
        optional("path", default="/"),
        optional("port", default="traffic-port"),
        optional("protocol", default="HTTP"),
        optional("interval", NUMBER, default=30),
        optional("timeout", NUMBER, default=5),
        optional("healthy_threshold", NUMBER, default=5),
        optional("unhealthy_threshold", NUMBER, default=2),
        optional("matcher", default="200"),
    ),
    most=1,
)


class TargetGroup(ElbKind):
    """The targets behind a listener, and how their health is asked."""

    name = "aws_lb_target_group"
    attributes = (
        computed("id"),
        computed("arn"),
        computed("arn_suffix"),
        either("name", new=True),
        optional("port", NUMBER, new=True),
        optional("protocol", new=True),
        optional("vpc_id", new=True),
        either("target_type", default="instance", new=True),
        either("deregistration_delay", default="300"),
        either("slow_start", NUMBER, 0),
        either("load_balancing_algorithm_type", default="round_robin"),
        *TAGS,
    )
    blocks = (HEALTH_BLOCK,)

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the group."""
        port = None if want["port"] is None else int(want["port"])
        made = aws("elbv2").create_target_group(
            Name=want["name"],
            TargetType=want["target_type"],
            **given(Port=port, Protocol=want["protocol"], VpcId=want["vpc_id"]),
            **_health(want),
            **marked(want),
        )
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        return {"id": arn, "arn": arn}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Set what creation has no argument for."""
        settings = [{"Key": key, "Value": _said(state[name])} for name, key in _of_group(state).items()]
        aws("elbv2").modify_target_group_attributes(TargetGroupArn=state["id"], Attributes=settings)

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the group, its settings and tags."""
        elb, arn = aws("elbv2"), have["id"]
        found = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
        if not found:
            return None
        answer = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        said = {each["Key"]: each["Value"] for each in answer}
        real: Values = {
            "arn": arn,
            "arn_suffix": arn.rsplit(":", 1)[-1],
            "name": found[0]["TargetGroupName"],
            "port": found[0].get("Port"),
            "protocol": found[0].get("Protocol"),
            "vpc_id": found[0].get("VpcId"),
            "target_type": found[0]["TargetType"],
            "tags_all": tags_of(aws, arn),
        }
        real |= {k: said[key] for k, key in _of_group(real).items() if key in said}
        real["slow_start"] = int(real.get("slow_start", 0))
        if have.get("health_check"):
            health = {k: found[0].get(argument) for k, argument in HEALTH.items()}
            health["matcher"] = (found[0].get("Matcher") or {}).get("HttpCode")
            if health["protocol"] == "TCP":  # without path and matcher, and moto keeps no threshold of it
                asked = have["health_check"][0]
                health |= {name: asked[name] for name in ("path", "matcher", "unhealthy_threshold")}
            real["health_check"] = [health]
        return real

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Set the health check and the settings."""
        aws("elbv2").modify_target_group(TargetGroupArn=have["id"], **_health(want))
        self.arrange(aws, {**want, "id": have["id"]})

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("elbv2").delete_target_group(TargetGroupArn=have["id"])


def _health(want: Values) -> dict[str, Any]:
    if not want["health_check"]:
        return {}
    asked = want["health_check"][0]
    put = {argument: asked[name] for name, argument in HEALTH.items() if asked[name] is not None}
    put = {k: int(v) if isinstance(v, float) else v for k, v in put.items()}
    if asked["protocol"] == "TCP":
        return {name: value for name, value in put.items() if name != "HealthCheckPath"}
    return {**put, "Matcher": {"HttpCode": asked["matcher"] or "200"}}


KINDS = (LoadBalancer, TargetGroup)
