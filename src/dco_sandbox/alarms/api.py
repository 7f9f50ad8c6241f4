"""CloudWatch's calls that moto answers otherwise than AWS does, or not at all."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.exceptions import InvalidFormat, ResourceNotFound, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend, Dimension, Statistics
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from dco_sandbox.alarms import states, store
from dco_sandbox.alarms.evaluate import ALARM, INSUFFICIENT_DATA, OK
from dco_sandbox.alarms.statistics import value_of
from dco_sandbox.runtime import Runtime

_moto_put: Callable[..., Alarm] = CloudWatchBackend.put_metric_alarm


def install(runtime: Runtime) -> None:
    """Replace or add the calls; `runtime` is the world that they act in."""

    def set_alarm_state(
        self: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str | None, state_value: str
    ) -> None:
        """SetAlarmState: until the next evaluation, with the actions of a real change. API reference."""
        alarm = self.alarms.get(alarm_name)
        if alarm is None:
            raise ResourceNotFound
        if state_value not in (OK, ALARM, INSUFFICIENT_DATA):
            raise ValidationError(f"Value '{state_value}' at 'stateValue' is not one of OK, ALARM, INSUFFICIENT_DATA")
        try:
            json.loads(reason_data or "{}")
        except ValueError:
            raise InvalidFormat("StateReasonData is not JSON") from None
        states.change(runtime, alarm, state_value, reason, reason_data or "{}")

    moto: Any = CloudWatchBackend
    moto.set_alarm_state = set_alarm_state
    moto.put_metric_alarm = _put_metric_alarm
    moto.get_metric_statistics = _get_metric_statistics
    response: Any = CloudWatchResponse
    response.describe_alarm_history = _describe_alarm_history
    response.get_metric_statistics = _answer_metric_statistics
    # moto's order of dimensions is none, so that a query finds data only when it names them in the order of old.
    dimension: Any = Dimension
    dimension.__lt__ = _before
    statistics: Any = Statistics
    statistics.get_statistics_for_type = _statistic


def _put_metric_alarm(self: CloudWatchBackend, *given: Any, **named: Any) -> Alarm:
    """PutMetricAlarm: a new alarm has no data yet, one that is changed keeps its state. API reference."""
    before = self.alarms.get(named.get("name") or given[0])
    alarm = _moto_put(self, *given, **named)
    if before is None:
        alarm.state_value = INSUFFICIENT_DATA
        return alarm
    for name in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
        setattr(alarm, name, getattr(before, name))
    return alarm


def _describe_alarm_history(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarmHistory, newest first unless asked; all at once, up to MaxRecords. API reference."""
    name, kind = self._get_param("AlarmName"), self._get_param("HistoryItemType")
    since, until = self._get_param("StartDate"), self._get_param("EndDate")
    found = [
        item
        for item in states.history(self.cloudwatch_backend)
        if (not name or item["AlarmName"] == name)
        and (not kind or item["HistoryItemType"] == kind)
        and (not since or item["Timestamp"] >= _naive(since))
        and (not until or item["Timestamp"] <= _naive(until))
    ]
    if self._get_param("ScanBy") == "TimestampAscending":
        found.reverse()
    return ActionResult({"AlarmHistoryItems": found[: int(self._get_param("MaxRecords") or 100)]})


def _answer_metric_statistics(self: CloudWatchResponse) -> ActionResult:
    """GetMetricStatistics, percentiles too. API reference."""
    points = self.cloudwatch_backend.get_metric_statistics(
        self._get_param("Namespace"),
        self._get_param("MetricName"),
        self._get_param("StartTime"),
        self._get_param("EndTime"),
        int(self._get_param("Period")),
        [*self._get_param("Statistics", []), *self._get_param("ExtendedStatistics", [])],
        self._get_param("Dimensions", []),
        self._get_param("Unit"),
    )
    return ActionResult({"Label": self._get_param("MetricName"), "Datapoints": points})


def _get_metric_statistics(  # noqa: PLR0913, PLR0917 - moto's own signature
    self: CloudWatchBackend,
    namespace: str,
    metric_name: str,
    start_time: datetime,
    end_time: datetime,
    period: int,
    stats: list[str],
    dimensions: list[dict[str, str]],
    unit: str | None = None,
) -> list[dict[str, Any]]:
    """Return the datapoints of one metric, by periods that begin at the start time."""
    start, end = _naive(start_time), _naive(end_time)
    pairs = [(item["Name"], item["Value"]) for item in dimensions]
    data = [d for d in store.select(self, namespace, metric_name, pairs, unit) if start <= _naive(d.timestamp) < end]
    periods: dict[int, list[Any]] = {}
    for datum in data:
        periods.setdefault(int((_naive(datum.timestamp) - start).total_seconds() // period), []).append(datum)
    points: list[dict[str, Any]] = []
    for number in sorted(periods):
        samples = store.samples(periods[number])
        values = {name: value for name in stats if (value := value_of(name, samples)) is not None}
        extended = {name: values.pop(name) for name in list(values) if name.startswith("p")}
        point = {"Timestamp": start + timedelta(seconds=number * period), "Unit": periods[number][0].unit or "None"}
        points.append({**point, **values, **({"ExtendedStatistics": extended} if extended else {})})
    return points


def _statistic(self: Statistics, stat: str) -> float | None:
    """Return a statistic of the data of one period of GetMetricData."""
    return value_of(stat, store.samples(self.metric_data))


def _before(self: Dimension, other: Dimension) -> bool:
    return (str(self.name), str(self.value)) < (str(other.name), str(other.value))


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
