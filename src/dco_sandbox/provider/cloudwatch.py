"""CloudWatch: metric alarms."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, given, pairs, unpaired
from dco_sandbox.provider.schema import (
    BOOL,
    NUMBER,
    TAGS,
    TEXT_MAP,
    TEXT_SET,
    computed,
    either,
    optional,
    required,
)
from dco_sandbox.provider.wire import Values

PLAIN = {
    "alarm_name": "AlarmName",
    "comparison_operator": "ComparisonOperator",
    "metric_name": "MetricName",
    "namespace": "Namespace",
    "statistic": "Statistic",
    "extended_statistic": "ExtendedStatistic",
    "unit": "Unit",
    "alarm_description": "AlarmDescription",
    "treat_missing_data": "TreatMissingData",
    "actions_enabled": "ActionsEnabled",
}
COUNTS = {
    "evaluation_periods": "EvaluationPeriods",
    "datapoints_to_alarm": "DatapointsToAlarm",
    "period": "Period",
}
ACTIONS = {
    "alarm_actions": "AlarmActions",
    "ok_actions": "OKActions",
    "insufficient_data_actions": "InsufficientDataActions",
}


class MetricAlarm(Kind):
    """An alarm on one metric."""

    name = "aws_cloudwatch_metric_alarm"
    attributes = (
        computed("id"),
        computed("arn"),
        required("alarm_name", new=True),
        required("comparison_operator"),
        required("evaluation_periods", NUMBER),
        optional("datapoints_to_alarm", NUMBER),
        optional("metric_name"),
        optional("namespace"),
        optional("period", NUMBER),
        optional("statistic"),
        optional("extended_statistic"),
        optional("threshold", NUMBER),
        optional("unit"),
        optional("dimensions", TEXT_MAP),
        optional("alarm_description"),
        either("treat_missing_data", default="missing"),
        either("actions_enabled", BOOL, True),
        optional("alarm_actions", TEXT_SET),
        optional("ok_actions", TEXT_SET),
        optional("insufficient_data_actions", TEXT_SET),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Put the alarm."""
        aws("cloudwatch").put_metric_alarm(**_asked(want), Tags=pairs(want["tags_all"]))
        return {"id": want["alarm_name"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the alarm and its tags."""
        found = aws("cloudwatch").describe_alarms(AlarmNames=[have["id"]])["MetricAlarms"]
        if not found:
            return None
        alarm, arn = found[0], found[0]["AlarmArn"]
        tags = aws("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"]
        names = {**PLAIN, **COUNTS, **ACTIONS, "threshold": "Threshold"}
        real = {k: alarm.get(argument) for k, argument in names.items()}
        dimensions = unpaired(alarm.get("Dimensions"), "Name", "Value")
        real["treat_missing_data"] = real["treat_missing_data"] or "missing"
        return {**real, "arn": arn, "dimensions": dimensions, "tags_all": unpaired(tags)}

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002 - the seam's shape
        """Put the alarm anew."""
        aws("cloudwatch").put_metric_alarm(**_asked(want))

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags."""
        if remove:
            aws("cloudwatch").untag_resource(ResourceARN=have["arn"], TagKeys=remove)
        if add:
            aws("cloudwatch").tag_resource(ResourceARN=have["arn"], Tags=pairs(add))

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("cloudwatch").delete_alarms(AlarmNames=[have["id"]])


def _asked(want: Values) -> dict[str, Any]:
    asked = given(**{argument: want[k] for k, argument in PLAIN.items()})
    asked |= {argument: int(want[k]) for k, argument in COUNTS.items() if want[k] is not None}
    asked |= {argument: list(want[k] or []) for k, argument in ACTIONS.items()}
    if want["threshold"] is not None:
        asked["Threshold"] = float(want["threshold"])
    asked["Dimensions"] = pairs(want["dimensions"], "Name", "Value")
    return asked


KINDS = (MetricAlarm,)
