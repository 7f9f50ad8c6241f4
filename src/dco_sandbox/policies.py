"""Bucket policies with the one condition that every good one has.

moto takes a statement for true whatever its condition says. A policy that denies what does not come by TLS would deny
all; here loopback counts as the safe way, so such a statement never matches. Follows "Amazon S3: HTTPS in bucket
policies (aws:SecureTransport)" in the S3 user guide.
"""

import json
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

_judge = FakeBucket.get_permission


def install() -> None:
    """Have every bucket judge with conditions on the transport taken into account."""
    FakeBucket.get_permission = _judged


def _judged(self: FakeBucket, action: str, resource: str) -> Any:
    whole = self.policy
    if whole is None:
        return _judge(self, action, resource)
    document = json.loads(whole)
    left = [statement for statement in document["Statement"] if not _is_about_plain_http(statement)]
    if not left:
        return PermissionResult.NEUTRAL
    try:
        self.policy = json.dumps({**document, "Statement": left}).encode()
        return _judge(self, action, resource)
    finally:
        self.policy = whole


def _is_about_plain_http(statement: dict[str, Any]) -> bool:
    return statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
