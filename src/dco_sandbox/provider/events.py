"""EventBridge: rules of the default bus and what they put events into."""

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, given, pairs, unpaired
from dco_sandbox.provider.schema import TAGS, computed, either, optional, required
from dco_sandbox.provider.settle import same_json
from dco_sandbox.provider.wire import Values


class Rule(Kind):
    """Which events are wanted."""

    name = "aws_cloudwatch_event_rule"
    attributes = (
        computed("id"),
        computed("arn"),
        required("name", new=True),
        optional("description"),
        required("event_pattern", same=same_json),
        either("state", default="ENABLED"),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the rule."""
        self._put(aws, want)
        return {"id": want["name"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Mark the rule."""
        if state["tags_all"]:
            arn = aws("events").describe_rule(Name=state["id"])["Arn"]
            aws("events").tag_resource(ResourceARN=arn, Tags=pairs(state["tags_all"]))

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the rule."""
        found = aws("events").describe_rule(Name=have["id"])
        tags = aws("events").list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
        return {
            "arn": found["Arn"],
            "description": found.get("Description"),
            "event_pattern": found["EventPattern"],
            "state": found["State"],
            "tags_all": unpaired(tags),
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002 - the seam's shape
        """Put the rule anew."""
        self._put(aws, want)

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags."""
        if remove:
            aws("events").untag_resource(ResourceARN=have["arn"], TagKeys=remove)
        if add:
            aws("events").tag_resource(ResourceARN=have["arn"], Tags=pairs(add))

    def delete(self, aws: Aws, have: Values) -> None:
        """End it; its targets went before."""
        aws("events").delete_rule(Name=have["id"])

    @staticmethod
    def _put(aws: Aws, want: Values) -> None:
        aws("events").put_rule(
            Name=want["name"], EventPattern=want["event_pattern"], State=want["state"],
            **given(Description=want["description"]),
        )  # fmt: skip


class Target(Kind):
    """Where the events of a rule go."""

    name = "aws_cloudwatch_event_target"
    attributes = (
        computed("id"),
        required("rule", new=True),
        required("arn"),
        either("target_id", default="terraform", new=True),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Put the target."""
        self.update(aws, want, want)
        return {"id": f"{want['rule']}-{want['target_id']}"}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Look for the target among the rule's."""
        found = aws("events").list_targets_by_rule(Rule=have["rule"])["Targets"]
        return next(({"arn": each["Arn"]} for each in found if each["Id"] == have["target_id"]), None)

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002 - the seam's shape
        """Put the target anew."""
        aws("events").put_targets(Rule=want["rule"], Targets=[{"Id": want["target_id"], "Arn": want["arn"]}])

    def delete(self, aws: Aws, have: Values) -> None:
        """Take it away."""
        aws("events").remove_targets(Rule=have["rule"], Ids=[have["target_id"]])


KINDS = (Rule, Target)
