"""Who changed something last, from CloudTrail's event history."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import msgspec

from dco.providers.aws.errors import asking
from dco.providers.aws.session import AwsSession
from dco.seams.surroundings import Trace

_CALLS: Mapping[str, tuple[str, ...]] = {
    "database": ("PutParameter", "DeleteParameter"),
    "family": ("RegisterTaskDefinition", "DeregisterTaskDefinition"),
    "parameter": ("PutParameter", "DeleteParameter", "DeleteParameters"),
    "role": (
        "PutRolePolicy", "DeleteRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "UpdateAssumeRolePolicy",
        "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary",
    ),
    "security-group": (
        "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress", "ModifySecurityGroupRules",
    ),
    "service": ("UpdateService", "StopServiceDeployment", "DeleteService", "CreateService"),
    "settings": ("UpdateService", "CreateService"),
    "slot": ("PutParameter", "DeleteParameter"),
}  # fmt: skip
"""Kind of a thing → the calls that change it."""
_PAGES = 4
"""So many pages of fifty events of each call are looked through."""


class Trail:
    """CloudTrail knows what happened up to 15 minutes ago, for 90 days; IAM's events are in us-east-1 alone."""

    def __init__(self, aws: AwsSession) -> None:
        self._aws = aws

    def last(self, kind: str, name: str, since: str) -> Trace | None:
        """Return the newest event about a thing since a time. Raises `ConfigurationError` without the right to look."""
        newest: Trace | None = None
        for call in _CALLS.get(kind, ()):
            for event in self._events(call, since, everywhere=kind == "role"):
                trace = _about(event, call, name)
                if trace is not None and (newest is None or trace.at > newest.at):
                    newest = trace
        return newest

    def _events(self, call: str, since: str, *, everywhere: bool) -> Iterator[dict[str, Any]]:
        client = self._aws.cloudtrail_global if everywhere else self._aws.cloudtrail
        with asking("look up who changed it in CloudTrail (cloudtrail:LookupEvents)"):
            pages = client.get_paginator("lookup_events").paginate(
                LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": call}],
                StartTime=datetime.fromisoformat(since),
                PaginationConfig={"MaxItems": 50 * _PAGES, "PageSize": 50},
            )
            for page in pages:
                yield from (cast("dict[str, Any]", event) for event in page["Events"])


def _about(event: Mapping[str, Any], call: str, name: str) -> Trace | None:
    try:
        said = msgspec.json.decode(str(event.get("CloudTrailEvent", "")), type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    if said.get("errorCode") or not _names(said.get("requestParameters"), name):
        return None
    identity = cast("dict[str, Any]", said.get("userIdentity") or {})
    who = identity.get("arn") or identity.get("invokedBy") or event.get("Username") or "somebody"
    return Trace(who=str(who), at=str(said.get("eventTime", "")), call=call)


def _names(value: Any, name: str) -> bool:
    """Tell whether a request is about a name: as it is, as the end of an ARN, or as a revision's family."""
    if isinstance(value, dict):
        return any(_names(item, name) for item in cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        return any(_names(item, name) for item in cast("list[Any]", value))
    return isinstance(value, str) and (value == name or value.endswith(f"/{name}") or value.startswith(f"{name}:"))
