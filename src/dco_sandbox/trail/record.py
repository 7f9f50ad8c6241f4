"""Writes down who changed what: one event a line, as CloudTrail tells of it, without values that are secrets."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from dco_sandbox.calls import UNKNOWN
from dco_sandbox.exchange import Answer, Exchange, Serve
from dco_sandbox.world import World

FILE = "trail.jsonl"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_TOLD = frozenset({"ec2", "ecs", "elbv2", "iam", "secretsmanager", "ssm"})
"""Services of which the history tells; S3's objects are data events, of which it does not."""
_DATA = frozenset({"SendCommand", "RunTask"})
_SECRETS = frozenset({"value", "secretString", "secretBinary"})
_SOURCES = {"elbv2": "elasticloadbalancing"}


class Event(msgspec.Struct, frozen=True):
    """An event of the history."""

    id: str
    name: str
    source: str
    at: float
    user: str
    told: dict[str, Any]
    """What the member `CloudTrailEvent` holds."""


def recorded(world: World, user: Callable[[str], str], serve: Serve) -> Serve:
    """Note every write after it was served, whether it was refused or not."""
    lock, encoder = threading.Lock(), msgspec.json.Encoder()

    def layer(exchange: Exchange) -> Answer:
        answer = serve(exchange)
        call = exchange.call
        if call.mutating and call.service in _TOLD and call.action != UNKNOWN:
            event = _event(world, user(call.access_key), exchange, answer)
            with lock, (world.sandbox / FILE).open("ab") as file:
                file.write(encoder.encode(event) + b"\n")
        return answer

    return layer


def events(place: Path) -> Iterator[Event]:
    """Yield all events of a world, the newest first."""
    path = place / FILE
    lines = path.read_bytes().splitlines() if path.exists() else []
    for line in reversed(lines):
        yield msgspec.json.decode(line, type=Event)


def _event(world: World, user: str, exchange: Exchange, answer: Answer) -> Event:
    call, now = exchange.call, time.time()
    identity = {
        "type": "IAMUser",
        "arn": f"arn:aws:iam::{world.account}:user/{user}",
        "accountId": world.account,
        "accessKeyId": call.access_key,
        "userName": user,
    }
    told: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{_SOURCES.get(call.service, call.service)}.amazonaws.com",
        "eventName": call.action,
        "awsRegion": "us-east-1" if call.service == "iam" else world.region,
        "userAgent": call.user_agent,
        "requestParameters": None if call.action in _DATA else _parameters(exchange),
        "readOnly": False,
    }
    if answer.status >= 400:  # noqa: PLR2004 - HTTP's first error
        told["errorCode"] = f"Client.{answer.status}"
    return Event(str(uuid.uuid4()), call.action, told["eventSource"], now, user, told)


def _parameters(exchange: Exchange) -> Any:
    text = exchange.body.decode(errors="replace")
    if exchange.call.content_type.startswith("application/x-amz-json"):
        try:
            return _hidden(_lowered(json.loads(text or "{}")), exchange.call.service)
        except ValueError:
            return None
    return _lowered({key: value for key, value in parse_qsl(text) if key not in {"Action", "Version"}})


def _hidden(parameters: dict[str, Any], service: str) -> dict[str, Any]:
    """Hide what may be a secret, as CloudTrail does."""
    secret = _SECRETS if service in {"secretsmanager", "ssm"} else frozenset[str]()
    return {key: HIDDEN if key in secret else value for key, value in parameters.items()}


def _lowered(value: Any) -> Any:
    """Write names as CloudTrail does, with a small first letter."""
    if isinstance(value, dict):
        return {f"{key[:1].lower()}{key[1:]}": _lowered(item) for key, item in value.items()}
    return [_lowered(item) for item in value] if isinstance(value, list) else value
