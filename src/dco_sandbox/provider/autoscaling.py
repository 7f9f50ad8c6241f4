"""Application Auto Scaling: how many tasks a service may have, and why."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind
from dco_sandbox.provider.schema import BOOL, NUMBER, Block, computed, either, optional, required
from dco_sandbox.provider.wire import Values

SERVICE = "application-autoscaling"
WHOSE = (
    required("service_namespace", new=True),
    required("resource_id", new=True),
    required("scalable_dimension", new=True),
)


def _whose(values: Values) -> dict[str, Any]:
    return {
        "ServiceNamespace": values["service_namespace"],
        "ResourceId": values["resource_id"],
        "ScalableDimension": values["scalable_dimension"],
    }


class Target(Kind):
    """The bounds."""

    name = "aws_appautoscaling_target"
    attributes = (
        computed("id"),
        *WHOSE,
        required("min_capacity", NUMBER),
        required("max_capacity", NUMBER),
        either("role_arn", new=True),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Register the bounds."""
        self.update(aws, want, want)
        return {"id": want["resource_id"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the bounds."""
        asked = {**_whose(have), "ResourceIds": [have["resource_id"]]}
        del asked["ResourceId"]
        found = aws(SERVICE).describe_scalable_targets(**asked)["ScalableTargets"]
        return found and {
            "min_capacity": found[0]["MinCapacity"],
            "max_capacity": found[0]["MaxCapacity"],
            "role_arn": found[0].get("RoleARN") or "",
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002 - the seam's shape
        """Register the bounds anew."""
        low, high = int(want["min_capacity"]), int(want["max_capacity"])
        aws(SERVICE).register_scalable_target(**_whose(want), MinCapacity=low, MaxCapacity=high)

    def delete(self, aws: Aws, have: Values) -> None:
        """Take the bounds away."""
        aws(SERVICE).deregister_scalable_target(**_whose(have))


METRIC = Block(
    "predefined_metric_specification",
    (required("predefined_metric_type"), optional("resource_label")),
    most=1,
)
TRACKING = Block(
    "target_tracking_scaling_policy_configuration",
    (
        required("target_value", NUMBER),
        optional("scale_in_cooldown", NUMBER),
        optional("scale_out_cooldown", NUMBER),
        optional("disable_scale_in", BOOL, default=False),
    ),
    (METRIC,),
    least=1,
    most=1,
)


class Policy(Kind):
    """The reason: a metric held near a value."""

    name = "aws_appautoscaling_policy"
    attributes = (
        computed("id"),
        computed("arn"),
        required("name", new=True),
        *WHOSE,
        either("policy_type", default="TargetTrackingScaling", new=True),
    )
    blocks = (TRACKING,)

    def create(self, aws: Aws, want: Values) -> Values:
        """Put the policy."""
        self.update(aws, want, want)
        return {"id": want["name"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the policy."""
        asked = {"ServiceNamespace": have["service_namespace"], "ResourceId": have["resource_id"]}
        found = aws(SERVICE).describe_scaling_policies(PolicyNames=[have["name"]], **asked)
        if not found["ScalingPolicies"]:
            return None
        policy = found["ScalingPolicies"][0]
        tracking = policy["TargetTrackingScalingPolicyConfiguration"]
        metric = tracking["PredefinedMetricSpecification"]
        block = {
            "target_value": tracking["TargetValue"],
            "scale_in_cooldown": tracking.get("ScaleInCooldown"),
            "scale_out_cooldown": tracking.get("ScaleOutCooldown"),
            "disable_scale_in": tracking.get("DisableScaleIn"),
            METRIC.name: [
                {
                    "predefined_metric_type": metric["PredefinedMetricType"],
                    "resource_label": metric.get("ResourceLabel"),
                }
            ],
        }
        return {"arn": policy["PolicyARN"], "policy_type": policy["PolicyType"], TRACKING.name: [block]}

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002 - the seam's shape
        """Put the policy anew."""
        aws(SERVICE).put_scaling_policy(
            PolicyName=want["name"],
            PolicyType=want["policy_type"],
            TargetTrackingScalingPolicyConfiguration=_tracking(want[TRACKING.name][0]),
            **_whose(want),
        )

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws(SERVICE).delete_scaling_policy(PolicyName=have["name"], **_whose(have))


def _tracking(block: Values) -> dict[str, Any]:
    metric = block[METRIC.name][0]
    asked: dict[str, Any] = {
        "TargetValue": float(block["target_value"]),
        "PredefinedMetricSpecification": {"PredefinedMetricType": metric["predefined_metric_type"]},
        "DisableScaleIn": bool(block["disable_scale_in"]),
    }
    if metric["resource_label"]:
        asked["PredefinedMetricSpecification"]["ResourceLabel"] = metric["resource_label"]
    for name, argument in (("scale_in_cooldown", "ScaleInCooldown"), ("scale_out_cooldown", "ScaleOutCooldown")):
        if block[name] is not None:
            asked[argument] = int(block[name])
    return asked


KINDS = (Target, Policy)
