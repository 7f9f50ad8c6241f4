"""Alarms of a load balancer ring when its service answers with errors, and calm down afterwards."""

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

Get = Callable[..., tuple[int, str]]


@contextmanager
def load(get: Get, url: str) -> Generator[None]:
    """Ask for a page ten times a second."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.1):
            get(url)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def suffixes(live: Any, group: str) -> list[dict[str, str]]:
    balancer = live.elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["LoadBalancerArns"][0]
    return [
        {"Name": "TargetGroup", "Value": group.rpartition(":")[2]},
        {"Name": "LoadBalancer", "Value": balancer.partition("loadbalancer/")[2]},
    ]


def queue_of(live: Any, topic: str) -> str:
    url = live.client("sqs").create_queue(QueueName="bell")["QueueUrl"]
    arn = f"arn:aws:sqs:{live.world.region}:{live.world.account}:bell"
    live.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def test_an_alarm_rings_on_errors_and_calms_down(live: Any, tools: tuple[Callable[..., None], Get]) -> None:
    wait, get = tools
    url, group = live.balancer("ring", 8090)
    live.serve("ring", live.define("ring", environment={"MODE": "errors"}), 1, group)
    watch, topic = live.client("cloudwatch"), live.client("sns").create_topic(Name="bell")["TopicArn"]
    queue, dimensions = queue_of(live, topic), suffixes(live, group)
    alarm = {
        "AlarmName": "ring-5xx",
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "HTTPCode_Target_5XX_Count",
        "Dimensions": dimensions,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
        "OKActions": [topic],
    }
    watch.put_metric_alarm(**alarm)

    def state() -> str:
        return watch.describe_alarms(AlarmNames=["ring-5xx"])["MetricAlarms"][0]["StateValue"]

    assert state() == "INSUFFICIENT_DATA"
    live.stable("ring")
    with load(get, f"{url}/fine"):
        wait(lambda: state() == "OK", 8)
        time.sleep(live.world.minute_seconds * 1.5)
        assert state() == "OK"
    with load(get, f"{url}/boom"):
        wait(lambda: state() == "ALARM", 8)
    watch.put_metric_alarm(**alarm, AlarmDescription="another text")
    assert state() == "ALARM"
    wait(lambda: state() == "OK", 12)

    history = watch.describe_alarm_history(AlarmName="ring-5xx", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    steps = ["ALARM to OK", "OK to ALARM", "INSUFFICIENT_DATA to OK"]
    assert [item["HistorySummary"] for item in history] == [f"Alarm updated from {step}" for step in steps]
    told = [received(live, queue) for _ in steps]
    assert sorted((m["OldStateValue"], m["NewStateValue"]) for m in told) == [
        ("ALARM", "OK"),
        ("INSUFFICIENT_DATA", "OK"),
        ("OK", "ALARM"),
    ]
    assert any("greater than the threshold (5.0)" in m["NewStateReason"] for m in told)
    measured(live, dimensions)
    live.gone("ring")


def received(live: Any, queue: str) -> dict[str, Any]:
    message = live.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=1)["Messages"][0]
    live.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(json.loads(message["Body"])["Message"])


def measured(live: Any, dimensions: list[dict[str, str]]) -> None:
    """What was measured can be asked for, by either call, and the two agree."""
    watch, now = live.client("cloudwatch"), datetime.now(UTC)
    window = {"StartTime": now - timedelta(minutes=4), "EndTime": now + timedelta(minutes=1)}
    named = {"Namespace": "AWS/ApplicationELB", "Dimensions": dimensions}

    def one(metric: str, statistic: str) -> float:
        query = {"Metric": {**named, "MetricName": metric}, "Period": 600, "Stat": statistic}
        answer = watch.get_metric_data(MetricDataQueries=[{"Id": "m", "MetricStat": query}], **window)
        return answer["MetricDataResults"][0]["Values"][0]

    requests, errors = one("RequestCount", "Sum"), one("HTTPCode_Target_5XX_Count", "Sum")
    assert 5 < errors < requests
    assert 0 <= one("TargetResponseTime", "Average") <= one("TargetResponseTime", "p99") < 1
    assert (one("HealthyHostCount", "Maximum"), one("UnHealthyHostCount", "Maximum")) == (1, 0)
    found = watch.get_metric_statistics(
        **named,
        MetricName="TargetResponseTime",
        Period=600,
        Statistics=["SampleCount"],
        ExtendedStatistics=["p95"],
        **window,
    )["Datapoints"]
    assert [point["SampleCount"] for point in found] == [requests]
    assert 0 <= found[0]["ExtendedStatistics"]["p95"] < 1


def test_a_state_that_was_set_lasts_until_the_next_evaluation(
    live: Any, tools: tuple[Callable[..., None], Get]
) -> None:
    watch = live.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="set",
        Namespace="T",
        MetricName="none",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
    )
    watch.set_alarm_state(AlarmName="set", StateValue="ALARM", StateReason="to try it")
    history = watch.describe_alarm_history(AlarmName="set")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"

    def states() -> list[str]:
        return [alarm["StateValue"] for alarm in watch.describe_alarms(AlarmNames=["set"])["MetricAlarms"]]

    tools[0](lambda: states() == ["INSUFFICIENT_DATA"], 6)
    watch.put_metric_data(Namespace="T", MetricData=[{"MetricName": "none", "Value": 0.5}])
    tools[0](lambda: states() == ["ALARM"], 6)
