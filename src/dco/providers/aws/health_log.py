"""Events of AWS Health from the log group into which an EventBridge rule puts them: no support plan is needed.

The rule is looked at too, for a log that nothing writes into is as silent as a quiet week.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from dco.model.errors import Unreadable
from dco.providers.aws.errors import asking
from dco.providers.aws.session import AwsSession
from dco.seams.fleet import Notice

_DAYS = 400
"""So long before it begins AWS does not announce anything."""
_SOURCE = "aws.health"
_FILTER = '{ $.source = "aws.health" }'
_REMEDY = "make it with health_log of terraform/runner, or set [aws_offerings] health"


class _Detail(msgspec.Struct, frozen=True, rename="camel"):
    event_arn: str
    service: str
    event_type_code: str
    status_code: str = ""
    start_time: str = ""
    end_time: str = ""
    last_updated_time: str = ""


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    time: str
    detail: _Detail

    def told(self) -> datetime:
        """Return when AWS said so."""
        return _time(self.detail.last_updated_time) or _time(self.time) or datetime.min.replace(tzinfo=UTC)


def read(aws: AwsSession, group: str, now: datetime) -> tuple[Notice, ...]:
    """Return the events that are neither closed nor over, by the last word on each.

    Raises `Unreadable` where the log group is not there, no rule that is on writes into it, or a line is no event.
    """
    _see_rule(aws, _arn(aws, group), group)
    last: dict[str, _Event] = {}
    for event in _events(aws, group, now):
        before = last.get(event.detail.event_arn)
        if before is None or before.told() <= event.told():
            last[event.detail.event_arn] = event
    return tuple(_notice(event.detail) for _, event in sorted(last.items()) if not _over(event.detail, now))


def _arn(aws: AwsSession, group: str) -> str:
    with asking(f"look for the log group {group}"):
        pages = aws.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group)
        found = [each for page in pages for each in page["logGroups"] if each.get("logGroupName") == group]
    if not found:
        raise Unreadable(f"there is no log group {group} with events of AWS Health", _REMEDY)
    return str(found[0].get("arn", "")).removesuffix(":*")


def _see_rule(aws: AwsSession, arn: str, group: str) -> None:
    with asking(f"see which rule writes into {group}"):
        names = [
            name
            # a target may be named with or without what stands for its streams
            for target in (arn, f"{arn}:*")
            for name in aws.events.list_rule_names_by_target(TargetArn=target)["RuleNames"]
        ]
        rules = [aws.events.describe_rule(Name=name) for name in names]
    about = [rule for rule in rules if _SOURCE in rule.get("EventPattern", "")]
    if not about:
        raise Unreadable(f"no EventBridge rule puts events of AWS Health into {group}", _REMEDY)
    if not any(rule.get("State") == "ENABLED" for rule in about):
        raise Unreadable(f"the rule {about[0].get('Name')} is off, so {group} hears nothing", "enable the rule")


def _events(aws: AwsSession, group: str, now: datetime) -> Iterator[_Event]:
    since = int((now - timedelta(days=_DAYS)).timestamp() * 1000)
    with asking(f"read events of AWS Health in {group}"):
        pages = aws.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since, filterPattern=_FILTER
        )
        lines = [str(each.get("message", "")) for page in pages for each in page["events"]]
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=_Event)
        except msgspec.DecodeError as error:
            raise Unreadable(
                f"a line of {group} is no event of AWS Health: {error}", "see what writes there"
            ) from error


def _over(detail: _Detail, now: datetime) -> bool:
    ends = _time(detail.end_time)
    return detail.status_code == "closed" or (ends is not None and ends <= now)


def _notice(detail: _Detail) -> Notice:
    begins = _time(detail.start_time)
    return Notice(
        subject=detail.service, what=detail.event_type_code, begins=None if begins is None else begins.isoformat()
    )


def _time(text: str) -> datetime | None:
    """Return a time as AWS Health writes it ("Sat, 05 Jun 2027 15:10:09 GMT"); None where it says none."""
    if not text:
        return None
    try:
        said: Any = parsedate_to_datetime(text)
    except ValueError:
        try:
            said = datetime.fromisoformat(text)
        except ValueError as error:
            raise Unreadable(f"AWS Health said {text!r} for a time", "see what writes into the log group") from error
    return said if said.tzinfo else said.replace(tzinfo=UTC)
