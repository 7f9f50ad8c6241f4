"""Events of AWS Health in a log group: the last word on each counts, and a log that nothing fills is no answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from dco.model.environment import Aws
from dco.model.errors import Unreadable
from dco.providers.aws import health_log
from dco.providers.aws.session import AwsSession
from dco.seams.fleet import Notice

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
GROUP = "/aws/events/health"
ARN = f"arn:aws:logs:eu-central-1:123456789012:log-group:{GROUP}"
RULE = {"Name": "health", "EventPattern": '{"source": ["aws.health"]}', "State": "ENABLED"}
Read = Callable[..., tuple[Notice, ...]]


def line(told: datetime = NOW, **detail: str) -> str:
    """Give one event as EventBridge writes it."""
    said = {"eventArn": "e-1", "service": "EC2", "eventTypeCode": "REBOOT", "statusCode": "open"} | detail
    return json.dumps({"source": "aws.health", "time": told.strftime("%Y-%m-%dT%H:%M:%SZ"), "detail": said})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Read:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")

    def ask(
        *lines: str, rule: dict[str, str] | None = RULE, target: str = ARN, groups: tuple[str, ...] = (GROUP,)
    ) -> Any:
        session = AwsSession(Aws(region="eu-central-1"), tmp_path, attempts=1)
        logs, events = Stubber(session.logs), Stubber(session.events)
        found = [{"logGroupName": name, "arn": f"{ARN}:*"} for name in groups]
        logs.add_response("describe_log_groups", {"logGroups": found}, {"logGroupNamePrefix": GROUP})
        for each in (ARN, f"{ARN}:*"):
            names = [rule["Name"]] if rule and each == target else []
            events.add_response("list_rule_names_by_target", {"RuleNames": names}, {"TargetArn": each})
        if rule:
            events.add_response("describe_rule", rule, {"Name": rule["Name"]})
        since = int((NOW - timedelta(days=400)).timestamp() * 1000)
        wanted = {"logGroupName": GROUP, "startTime": since, "filterPattern": '{ $.source = "aws.health" }'}
        logs.add_response("filter_log_events", {"events": [{"message": each} for each in lines]}, wanted)
        logs.activate()
        events.activate()
        return health_log.read(session, GROUP, NOW)

    return ask


@pytest.mark.parametrize("target", [ARN, f"{ARN}:*"])
def test_what_is_open_or_to_come_is_told(read: Read, target: str) -> None:
    said = line(startTime="Sat, 05 Dec 2026 15:10:09 GMT"), line(eventArn="e-2", service="S3", statusCode="upcoming")
    assert read(*said, target=target) == (
        Notice(subject="EC2", what="REBOOT", begins="2026-12-05T15:10:09+00:00"),
        Notice(subject="S3", what="REBOOT"),
    )


@pytest.mark.parametrize(
    "over", [{"statusCode": "closed"}, {"statusCode": "", "endTime": "Fri, 27 Nov 2026 02:59:59 GMT"}]
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_last_word_on_an_event_counts(read: Read, over: dict[str, str], turned: bool) -> None:
    lines = [line(NOW - timedelta(hours=2)), line(NOW - timedelta(hours=1), **over)]
    assert read(*(reversed(lines) if turned else lines)) == ()


def test_an_event_that_was_renewed_is_told_as_it_is_now(read: Read) -> None:
    first = line(NOW, statusCode="closed", lastUpdatedTime="Thu, 26 Nov 2026 01:00:00 GMT")
    again = line(NOW, lastUpdatedTime="Thu, 26 Nov 2026 02:00:00 GMT", endTime="Sat, 05 Dec 2026 15:10:09 GMT")
    assert read(again, first) == (Notice(subject="EC2", what="REBOOT"),)


def test_a_log_that_heard_nothing_is_quiet(read: Read) -> None:
    assert read() == ()


@pytest.mark.parametrize(
    ("world", "why"),
    [
        ({"groups": ()}, "there is no log group /aws/events/health "),
        ({"groups": (f"{GROUP}-of-others",)}, "there is no log group /aws/events/health "),
        ({"rule": None}, "no EventBridge rule puts events of AWS Health into"),
        ({"rule": RULE | {"EventPattern": '{"source": ["aws.ec2"]}'}}, "no EventBridge rule puts events"),
        ({"rule": RULE | {"State": "DISABLED"}}, "the rule health is off"),
    ],
)
def test_a_log_that_nothing_fills_is_no_answer(read: Read, world: dict[str, Any], why: str) -> None:
    with pytest.raises(Unreadable, match=why) as raised:
        read(line(), **world)
    assert raised.value.remedy


@pytest.mark.parametrize("damaged", ["no json", "[]", '{"source": "aws.health", "time": "x", "detail": {}}'])
def test_a_line_that_is_no_event_is_said(read: Read, damaged: str) -> None:
    with pytest.raises(Unreadable, match="is no event of AWS Health"):
        read(line(), damaged)


@pytest.mark.parametrize("which", ["startTime", "endTime", "lastUpdatedTime"])
def test_a_time_that_nobody_can_read_is_said(read: Read, which: str) -> None:
    with pytest.raises(Unreadable, match="said 'soon' for a time"):
        read(line(), line(NOW, **{which: "soon"}))
