"""Source `aws_offerings`: news of AWS about what stands in the stacks' state, and about nothing else.

Instance types that a zone no longer offers or that have a newer generation, TLS policies of listeners, platform
versions of Fargate, runtimes of functions, what is scheduled for machines, and events of AWS Health where asked for.

Access: ec2:DescribeInstanceTypeOfferings, DescribeInstanceStatus, elasticloadbalancing:DescribeSSLPolicies,
health:DescribeEvents, or for `health_log` logs:DescribeLogGroups, logs:FilterLogEvents, events:ListRuleNamesByTarget
and events:DescribeRule. Cost: one request each, only for what is in use; no start of Terraform, for the state comes
from the plan that source `stack` makes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime

from dco.detect import end_of_life
from dco.detect.asking import ask_all
from dco.detect.lifetimes import shipped
from dco.detect.telling import unread
from dco.model.change import Action, Change, Status
from dco.model.errors import DcoError, Unreadable
from dco.model.stackplan import InUse
from dco.model.watching import AwsOfferings
from dco.seams.fleet import Fleet, Notice

_SOURCE = "aws_offerings"
_KIND = re.compile(r"(?P<family>[a-z]+)(?P<generation>\d+)(?P<rest>[a-z-]*)\.(?P<size>[\w-]+)")
_OLD_TLS = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
_GOOD_TLS = frozenset({"TLSv1.2", "TLSv1.3"})
_PLATFORM = (1, 4, 0)
"""Fargate's platform version for Linux since 2020; AWS retires the ones before it."""
_WARN_DAYS = 180
_RUNTIME = re.compile(r"(python|nodejs)(\d+(?:\.\d+)?)(?:\.x)?")
_SERVICES = {
    "aws_instance": "EC2",
    "aws_launch_template": "EC2",
    "aws_ebs_volume": "EBS",
    "aws_ecs_service": "ECS",
    "aws_ecr_repository": "ECR",
    "aws_lb": "ELASTICLOADBALANCING",
    "aws_lambda_function": "LAMBDA",
    "aws_db_instance": "RDS",
    "aws_s3_bucket": "S3",
    "aws_vpc": "VPC",
    "aws_cloudwatch_metric_alarm": "CLOUDWATCH",
    "aws_ssm_parameter": "SSM",
    "aws_kms_key": "KMS",
}
"""Type of a resource → what AWS Health calls its service."""
Answer = tuple[Change, ...]


def detect(
    in_use: Mapping[str, tuple[InUse, ...] | DcoError], wish: AwsOfferings, fleet: Fleet, now: str, *, seconds: float
) -> tuple[Change, ...]:
    """Ask for news about what each stack uses; a stack whose state is not known is `unknown`."""
    read = {name: used for name, used in in_use.items() if not isinstance(used, DcoError)}
    silent = [unread(_SOURCE, f"offerings:{n}", used) for n, used in in_use.items() if isinstance(used, DcoError)]
    used = tuple(one for each in read.values() for one in each)
    answers = ask_all(_questions(used, wish, fleet, now), at_once=4, seconds=seconds)
    found = [*silent, *decide_platforms(used), *decide_runtimes(used, date.fromisoformat(now[:10]))]
    for component, answer in answers.items():
        found += [unread(_SOURCE, component, answer)] if isinstance(answer, DcoError) else answer
    if not found:
        reason = f"nothing that AWS may stop to offer stands in the state ({len(used)} resources)"
        found = [_said("offerings:all", Status.UNCHANGED, Action.NONE, reason)]
    return tuple(found)


def _questions(used: tuple[InUse, ...], wish: AwsOfferings, fleet: Fleet, now: str) -> dict[str, Callable[[], Answer]]:
    asked: dict[str, Callable[[], Answer]] = {}
    if kinds := _kinds(used):
        asked["offerings:instance types"] = lambda: tuple(decide_kinds(kinds, fleet.kinds()))
    if policies := _listeners(used):
        asked["offerings:TLS policies"] = lambda: tuple(decide_policies(policies, fleet.tls_policies()))
    if machines := [one.said["id"] for one in used if one.kind == "aws_instance" and "id" in one.said]:
        asked["offerings:scheduled changes"] = lambda: decide_scheduled(machines, fleet.scheduled(machines))
    if wish.health:
        asked["offerings:health"] = lambda: decide_health(used, fleet.health())
    if group := wish.health_log:
        asked["offerings:health"] = lambda: decide_health(used, fleet.heard(group, datetime.fromisoformat(now)))
    return asked


def decide_kinds(used: Mapping[tuple[str, str], list[str]], offered: Mapping[str, frozenset[str]]) -> Iterator[Change]:
    """Judge each instance type in each zone ("" where the state does not say which) by what is offered."""
    for (kind, zone), addresses in sorted(used.items()):
        component = f"instance-type:{kind}" + (f" in {zone}" if zone else "")
        zones = offered.get(kind, frozenset())
        if not zones or (zone and zone not in zones):
            others = ", ".join(sorted(zones)) or "none of the region"
            reason = f"{zone or 'the region'} does not offer {kind} any more, so it can't be started anew there"
            yield _said(component, Status.CHANGED, Action.APPROVE, reason, kind, f"zones: {others}", addresses)
            continue
        better = _newer_kind(kind, zone, offered)
        if better is None:
            yield _said(component, Status.UNCHANGED, Action.NONE, "it is offered, and no newer generation", kind)
        else:
            reason = f"{better} is a newer generation of the same kind"
            yield _said(component, Status.CHANGED, Action.NONE, reason, kind, better, addresses)


def decide_policies(used: Mapping[str, list[str]], offered: Mapping[str, frozenset[str]]) -> Iterator[Change]:
    """Judge the TLS policies of listeners by whether they exist, and what they let in."""
    for policy, addresses in sorted(used.items()):
        component = f"tls-policy:{policy}"
        if policy not in offered:
            reason = "AWS does not list it any more"
            yield _said(component, Status.CHANGED, Action.APPROVE, reason, policy, _best_policy(offered), addresses)
        elif old := sorted(offered[policy] & _OLD_TLS):
            reason = f"it lets in {', '.join(old)}, which nobody should speak any more"
            yield _said(component, Status.CHANGED, Action.APPROVE, reason, policy, _best_policy(offered), addresses)
        else:
            yield _said(component, Status.UNCHANGED, Action.NONE, "it lets in no outdated protocol", policy)


def decide_scheduled(machines: Iterable[str], notices: Iterable[Notice]) -> tuple[Change, ...]:
    """Say what AWS will do to machines by itself."""
    found = tuple(
        _said(
            f"machine:{notice.subject}", Status.CHANGED, Action.APPROVE,
            f"AWS has scheduled {notice.what}" + (f", from {notice.begins}" if notice.begins else ""),
        )
        for notice in notices
    )  # fmt: skip
    reason = f"AWS has scheduled nothing for {len(list(machines))} machines"
    return found or (_said("offerings:scheduled changes", Status.UNCHANGED, Action.NONE, reason),)


def decide_health(used: Iterable[InUse], notices: Iterable[Notice]) -> tuple[Change, ...]:
    """Say what AWS Health tells of services that are in use."""
    services = {_SERVICES[one.kind] for one in used if one.kind in _SERVICES}
    found = tuple(
        _said(
            f"health:{notice.subject}", Status.CHANGED, Action.APPROVE,
            f"AWS Health tells of {notice.what}" + (f", from {notice.begins}" if notice.begins else ""),
        )
        for notice in notices
        if notice.subject in services
    )  # fmt: skip
    reason = f"AWS Health tells nothing about {', '.join(sorted(services)) or 'what is in use'}"
    return found or (_said("offerings:health", Status.UNCHANGED, Action.NONE, reason),)


def decide_platforms(used: Iterable[InUse]) -> Iterator[Change]:
    """Judge the platform versions of ECS services on Fargate."""
    for one in used:
        version = one.said.get("platform_version", "LATEST")
        if one.kind != "aws_ecs_service" or version == "LATEST":
            continue
        numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
        component = f"platform:{one.address}"
        if numbers >= _PLATFORM:
            yield _said(component, Status.UNCHANGED, Action.NONE, f"{version} is current", version)
        else:
            current = ".".join(map(str, _PLATFORM))
            reason = f"Fargate {version} is retired by AWS in favour of {current}; LATEST needs no such care"
            yield _said(component, Status.CHANGED, Action.APPROVE, reason, version, current, [one.address])


def decide_runtimes(used: Iterable[InUse], today: date) -> Iterator[Change]:
    """Judge the runtimes of functions by the end of their language's support."""
    table = shipped()
    for runtime in sorted({one.said["runtime"] for one in used if one.said.get("runtime")}):
        match = _RUNTIME.fullmatch(runtime)
        component = f"runtime:{runtime}"
        if match is None:
            unlisted = Unreadable(f"ends of support of {runtime} are not listed here")
            yield unread(_SOURCE, component, unlisted, runtime)
            continue
        use = end_of_life.Use(match[1], match[2], "the state")
        said = end_of_life.decide(use, table, today, _WARN_DAYS)
        yield _said(component, said.status, said.action, said.reason, runtime)


def _kinds(used: Iterable[InUse]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for one in used:
        if kind := one.said.get("instance_type"):
            found.setdefault((kind, one.said.get("availability_zone", "")), []).append(one.address)
    return found


def _listeners(used: Iterable[InUse]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in used:
        if policy := one.said.get("ssl_policy"):
            found.setdefault(policy, []).append(one.address)
    return found


def _newer_kind(kind: str, zone: str, offered: Mapping[str, frozenset[str]]) -> str | None:
    """Return the newest generation of a type of the same processor architecture, extras and size."""
    mine = _KIND.fullmatch(kind)
    if mine is None:
        return None
    found: list[tuple[int, bool, str]] = []
    for other, zones in offered.items():
        match = _KIND.fullmatch(other)
        if match is None or (zone and zone not in zones) or _shape(match) != _shape(mine):
            continue
        if int(match["generation"]) > int(mine["generation"]):
            found.append((int(match["generation"]), match["rest"] == mine["rest"], other))
    return max(found)[2] if found else None


def _shape(kind: re.Match[str]) -> tuple[str, str, str]:
    """Return what must stay: family, size and extras; which maker an x86 processor is of does not matter."""
    return kind["family"], kind["rest"].replace("a", "").replace("i", ""), kind["size"]


def _best_policy(offered: Mapping[str, frozenset[str]]) -> str | None:
    good = [name for name, protocols in offered.items() if protocols == _GOOD_TLS and "FIPS" not in name]
    return max((name for name in good if "-Ext" not in name), key=lambda name: name[-7:], default=None)


def _said(  # noqa: PLR0917  # a change has that many parts
    component: str,
    status: Status,
    action: Action,
    reason: str,
    current: str | None = None,
    available: str | None = None,
    evidence: Iterable[str] = (),
) -> Change:
    return Change(
        source=_SOURCE, component=component, status=status, action=action, reason=reason, current=current,
        available=available, evidence=tuple(evidence)[:5],
    )  # fmt: skip
