"""Elastic Load Balancing: targets that somebody names one by one."""

from typing import Any

from botocore.exceptions import ClientError

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, code_of, given
from dco_sandbox.provider.schema import NUMBER, computed, optional, required
from dco_sandbox.provider.wire import Values


class Attachment(Kind):
    """One target of a group, named by whoever made it; ECS names its tasks itself."""

    name = "aws_lb_target_group_attachment"
    attributes = (
        computed("id"),
        required("target_group_arn", new=True),
        required("target_id", new=True),
        optional("port", NUMBER, new=True),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Register it."""
        aws("elbv2").register_targets(TargetGroupArn=want["target_group_arn"], Targets=[_target(want)])
        return {"id": f"{want['target_group_arn']}-{want['target_id']}"}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask whether it is one of the group's targets."""
        try:
            found = aws("elbv2").describe_target_health(TargetGroupArn=have["target_group_arn"])
        except ClientError as error:
            if code_of(error) == "TargetGroupNotFound":
                return None
            raise
        targets = [one["Target"] for one in found["TargetHealthDescriptions"]]
        there = any(_target(have).items() <= one.items() for one in targets)
        return {name: have[name] for name in ("target_group_arn", "target_id", "port")} if there else None

    def delete(self, aws: Aws, have: Values) -> None:
        """Take it out."""
        aws("elbv2").deregister_targets(TargetGroupArn=have["target_group_arn"], Targets=[_target(have)])


def _target(have: Values) -> dict[str, Any]:
    return {"Id": have["target_id"], **given(Port=None if have["port"] is None else int(have["port"]))}


KINDS = (Attachment,)
