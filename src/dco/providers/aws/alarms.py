"""Alarms in CloudWatch."""

from dco.model.errors import ConfigurationError
from dco.providers.aws.errors import asking
from dco.providers.aws.session import AwsSession

CHUNK = 100


class CloudWatchAlarms:
    """Implements `dco.seams.alarms.Alarms`."""

    def __init__(self, aws: AwsSession) -> None:
        self._aws = aws

    def ringing(self, names: list[str]) -> tuple[str, ...]:
        """Return those of the named alarms that ring, each as `NAME: reason`."""
        states: dict[str, tuple[str, str]] = {}
        with asking("read the alarms"):
            for begin in range(0, len(names), CHUNK):
                states.update(self._states(names[begin : begin + CHUNK]))
        if missing := [name for name in names if name not in states]:
            raise ConfigurationError(
                f"there is no alarm {', '.join(missing)}", "correct alarms under [verify] in dco.toml, or create it"
            )
        return tuple(f"{name}: {states[name][1]}" for name in names if states[name][0] == "ALARM")

    def _states(self, names: list[str]) -> dict[str, tuple[str, str]]:
        answer = self._aws.cloudwatch.describe_alarms(
            AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=CHUNK
        )
        alarms = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        return {a.get("AlarmName", ""): (a.get("StateValue", ""), a.get("StateReason", "")) for a in alarms}
