"""An alarm changes its state: noted in its history, told to its topics. Needs the lock."""

import json
from datetime import UTC, datetime
from typing import Any

import requests
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.sns.exceptions import SNSException
from moto.sns.models import sns_backends

from dco_sandbox.alarms import store
from dco_sandbox.alarms.evaluate import ALARM, COMPARISONS, OK, Rule, Verdict, evaluate
from dco_sandbox.alarms.statistics import is_percentile
from dco_sandbox.runtime import Runtime

_HISTORY_KEPT = 1000
_MINUTE = 60


def rule_of(alarm: Alarm, minute_seconds: float) -> Rule | None:
    """Return an alarm as it is evaluated; None for composite ones, metric math and anomaly detection."""
    statistic = alarm.statistic or alarm.extended_statistic
    if alarm.rule is not None or not statistic or alarm.comparison_operator not in COMPARISONS:
        return None
    if alarm.extended_statistic and not is_percentile(alarm.extended_statistic):
        return None
    periods = int(alarm.evaluation_periods)
    return Rule(
        statistic,
        alarm.comparison_operator,
        float(alarm.threshold),
        float(alarm.period) / _MINUTE * minute_seconds,
        periods,
        min(int(alarm.datapoints_to_alarm or periods), periods),
        alarm.treat_missing_data or "missing",
        alarm.state_value,
    )


def look(runtime: Runtime, alarm: Alarm, now: float) -> None:
    """Evaluate an alarm at the end of a minute, and change its state if it has to."""
    rule, moto = rule_of(alarm, runtime.world.minute_seconds), store.backend(runtime.world)
    if rule is None:
        return
    dimensions = [(str(item.name), str(item.value)) for item in alarm.dimensions]
    data = store.select(moto, alarm.namespace, alarm.metric_name, dimensions, alarm.unit)
    verdict = evaluate(rule, store.samples(data), now)
    if verdict.state != alarm.state_value:
        change(runtime, alarm, verdict.state, verdict.reason, _reason_data(alarm, rule, verdict, now))


def change(runtime: Runtime, alarm: Alarm, state: str, reason: str, reason_data: str) -> None:
    """Give an alarm a state; a new one is noted and told. Follows the API reference, SetAlarmState."""
    before, before_reason = alarm.state_value, alarm.state_reason
    alarm.update_state(reason, reason_data, state)
    runtime.touch("cloudwatch")
    if state == before:
        return
    data = {
        "version": "1.0",
        "oldState": {"stateValue": before, "stateReason": before_reason},
        "newState": {"stateValue": state, "stateReason": reason},
    }
    note(runtime, alarm, "StateUpdate", f"Alarm updated from {before} to {state}", data)
    if alarm.actions_enabled:
        _act(runtime, alarm, before)


def note(runtime: Runtime, alarm: Alarm, kind: str, summary: str, data: dict[str, Any]) -> None:
    """Add to the alarm's history. API reference, AlarmHistoryItem."""
    items = history(store.backend(runtime.world))
    items.insert(
        0,
        {
            "AlarmName": alarm.name,
            "AlarmType": "CompositeAlarm" if alarm.rule is not None else "MetricAlarm",
            "Timestamp": datetime.now(UTC).replace(tzinfo=None),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data),
        },
    )
    del items[_HISTORY_KEPT:]


def history(moto: CloudWatchBackend) -> list[dict[str, Any]]:
    """Return what happened to all alarms, newest first; it outlives the alarms, as on AWS."""
    items: list[dict[str, Any]] = vars(moto).setdefault("live_history", [])
    return items


def _act(runtime: Runtime, alarm: Alarm, before: str) -> None:
    """Follows "Using Amazon CloudWatch alarms", alarm actions: once per change; topics only, nothing else is here."""
    actions = {OK: alarm.ok_actions, ALARM: alarm.alarm_actions}.get(alarm.state_value, alarm.insufficient_data_actions)
    for arn in actions:
        problem = _publish(runtime, arn, alarm, before) if ":sns:" in arn else "the sandbox has SNS actions only"
        summary = f"Failed to execute action {arn}" if problem else f"Successfully executed action {arn}"
        note(runtime, alarm, "Action", summary, {"actionState": "Failed" if problem else "Succeeded", "error": problem})


def _publish(runtime: Runtime, arn: str, alarm: Alarm, before: str) -> str | None:
    """Send the message that CloudWatch sends; says what prevented it."""
    world = runtime.world
    state = alarm.state_value
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": world.account,
        "NewStateValue": state,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": alarm.state_updated_timestamp.isoformat(timespec="milliseconds") + "+0000",
        "Region": world.region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": alarm.statistic or alarm.extended_statistic,
            "Dimensions": [{"name": item.name, "value": item.value} for item in alarm.dimensions],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.treat_missing_data or "missing",
        },
    }
    subject = f'{state}: "{alarm.name}" in {world.region}'
    try:
        sns_backends[world.account][world.region].publish(json.dumps(message), arn, subject=subject[:99])
    except (SNSException, requests.RequestException) as error:
        return str(error)
    runtime.touch("sns", "sqs")
    return None


def _reason_data(alarm: Alarm, rule: Rule, verdict: Verdict, now: float) -> str:
    """Return what the alarm was evaluated from, in the shape of CloudWatch's StateReasonData."""
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": datetime.fromtimestamp(now, UTC).isoformat(),
            "statistic": rule.statistic,
            "period": alarm.period,
            "recentDatapoints": [point.value for point in reversed(verdict.points)],
            "threshold": rule.threshold,
        }
    )
