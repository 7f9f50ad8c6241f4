"""CloudWatch Logs: log groups, and who else may write into them."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, given
from dco_sandbox.provider.schema import BOOL, NUMBER, TAGS, computed, either, optional, required
from dco_sandbox.provider.settle import same_json
from dco_sandbox.provider.wire import Values


class LogGroup(Kind):
    """Where a service's lines go."""

    name = "aws_cloudwatch_log_group"
    attributes = (
        computed("id"),
        computed("arn"),
        required("name", new=True),
        either("retention_in_days", NUMBER, 0),
        optional("kms_key_id"),
        either("skip_destroy", BOOL, False),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the group."""
        tags = {"tags": want["tags_all"]} if want["tags_all"] else {}
        aws("logs").create_log_group(logGroupName=want["name"], **given(kmsKeyId=want["kms_key_id"]), **tags)
        return {"id": want["name"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Set how long lines are kept."""
        if state["retention_in_days"]:
            self.update(aws, state, state)

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Look for the group by its exact name."""
        found = _group(aws, have["id"])
        if found is None:
            return None
        arn = found["arn"].removesuffix(":*")
        tags = aws("logs").list_tags_for_resource(resourceArn=arn)["tags"]
        return {"arn": arn, "retention_in_days": found.get("retentionInDays", 0), "tags_all": tags}

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Set how long lines are kept; 0 is for ever."""
        if want["retention_in_days"]:
            days = int(want["retention_in_days"])
            aws("logs").put_retention_policy(logGroupName=have["id"], retentionInDays=days)
        else:
            aws("logs").delete_retention_policy(logGroupName=have["id"])

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags."""
        if remove:
            aws("logs").untag_resource(resourceArn=have["arn"], tagKeys=remove)
        if add:
            aws("logs").tag_resource(resourceArn=have["arn"], tags=add)

    def delete(self, aws: Aws, have: Values) -> None:
        """End it, unless its lines are to be kept."""
        if not have["skip_destroy"]:
            aws("logs").delete_log_group(logGroupName=have["id"])


class ResourcePolicy(Kind):
    """Which services of AWS may write lines."""

    name = "aws_cloudwatch_log_resource_policy"
    attributes = (
        computed("id"),
        required("policy_name", new=True),
        required("policy_document", same=same_json),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Put the policy."""
        self.update(aws, want, want)
        return {"id": want["policy_name"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Look for the policy among the account's, which are ten at most."""
        found = aws("logs").describe_resource_policies()["resourcePolicies"]
        mine = (each for each in found if each["policyName"] == have["id"])
        return next(({"policy_document": each["policyDocument"]} for each in mine), None)

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002 - the seam's shape
        """Put the policy anew."""
        aws("logs").put_resource_policy(policyName=want["policy_name"], policyDocument=want["policy_document"])

    def delete(self, aws: Aws, have: Values) -> None:
        """Take it away."""
        aws("logs").delete_resource_policy(policyName=have["id"])


def _group(aws: Aws, name: str) -> dict[str, Any] | None:
    found = aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((group for group in found if group["logGroupName"] == name), None)


KINDS = (LogGroup, ResourcePolicy)
