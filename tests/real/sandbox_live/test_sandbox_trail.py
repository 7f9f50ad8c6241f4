"""CloudTrail's event history as the sandbox has it: who changed what, and no secret in it."""

import json
import time
from typing import Any


def told(live: Any, name: str, **more: Any) -> list[dict[str, Any]]:
    attribute = {"AttributeKey": "EventName", "AttributeValue": name}
    pages = live.client("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=[attribute], **more)
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def test_a_write_is_told_with_who_when_and_what(live: Any) -> None:
    ec2, began = live.client("ec2"), time.time()
    rule = {"IpProtocol": "tcp", "FromPort": 2222, "ToPort": 2222, "IpRanges": [{"CidrIp": "10.9.9.0/24"}]}
    ec2.authorize_security_group_ingress(GroupId=live.group, IpPermissions=[rule])
    (event,) = told(live, "AuthorizeSecurityGroupIngress", StartTime=began)
    assert event["requestParameters"]["groupId"] == live.group
    assert event["eventSource"] == "ec2.amazonaws.com"
    assert event["userIdentity"]["arn"].startswith(f"arn:aws:iam::{live.world.account}:user/")
    ec2.revoke_security_group_ingress(GroupId=live.group, IpPermissions=[rule])


def test_reads_are_not_told_and_values_of_parameters_neither(live: Any) -> None:
    ssm = live.client("ssm")
    ssm.put_parameter(Name="/trail/secret", Value="hunter22", Type="SecureString")
    ssm.get_parameter(Name="/trail/secret")
    (event,) = [one for one in told(live, "PutParameter") if one["requestParameters"]["name"] == "/trail/secret"]
    assert event["requestParameters"]["value"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert told(live, "GetParameter") == []


def test_history_comes_newest_first_in_pages(live: Any) -> None:
    ssm = live.client("ssm")
    for number in range(3):
        ssm.put_parameter(Name="/trail/pages", Value=str(number), Type="String", Overwrite=True)
    times = [one["eventTime"] for one in told(live, "PutParameter", PaginationConfig={"PageSize": 1})]
    assert len(times) >= 3
    assert times == sorted(times, reverse=True)
