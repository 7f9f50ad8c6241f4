"""Answers that differ from AWS's model are found, and right ones pass."""

import json

import pytest

from dco_sandbox.exchange import Answer
from dco_sandbox.validation import violations


def found(service: str, action: str, body: str, status: int = 200) -> list[tuple[str, str]]:
    answer = Answer(status, [], body.encode())
    return [(violation.path, violation.says) for violation in violations(service, action, answer)]


@pytest.mark.parametrize(("cluster", "expected"), [
    ({"clusterName": "a", "runningTasksCount": 1}, []),
    ({"clustername": "a"}, [(".clusters[0].clustername", "is not in the model")]),
    ({"runningTasksCount": "1"}, [(".clusters[0].runningTasksCount", "str where the model has integer")]),
    ({"runningTasksCount": True}, [(".clusters[0].runningTasksCount", "bool where the model has integer")]),
    ({"settings": {}}, [(".clusters[0].settings", "dict where the model has a list")]),
])  # fmt: skip
def test_json(cluster: dict[str, object], expected: list[tuple[str, str]]) -> None:
    assert found("ecs", "DescribeClusters", json.dumps({"clusters": [cluster]})) == expected


IAM = '<R xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccessKeyResult>{}</CreateAccessKeyResult></R>'
KEY = "<UserName>a</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId>{}<SecretAccessKey>x</SecretAccessKey>"


@pytest.mark.parametrize(("inside", "expected"), [
    (f"<AccessKey>{KEY.format('<Status>Active</Status>')}</AccessKey>", []),
    (f"<AccessKey>{KEY.format('')}</AccessKey>", [(".AccessKey.Status", "is required and missing")]),
    ("", [(".AccessKey", "is required and missing")]),
])  # fmt: skip
def test_required_members_of_query_xml(inside: str, expected: list[tuple[str, str]]) -> None:
    assert found("iam", "CreateAccessKey", IAM.format(inside)) == expected


@pytest.mark.parametrize(("item", "expected"), [
    ("<vpcId>vpc-1</vpcId><isDefault>true</isDefault>", []),
    ("<vpcID>vpc-1</vpcID>", [(".vpcSet[0].vpcID", "is not in the model")]),
    ("<isDefault>True</isDefault>", [(".vpcSet[0].isDefault", "'True' where the model has true or false")]),
])  # fmt: skip
def test_ec2_xml(item: str, expected: list[tuple[str, str]]) -> None:
    body = f"<R><requestId>1</requestId><vpcSet><item>{item}</item></vpcSet></R>"
    # EC2's model says where in the XML a member is by its location name.
    assert found("ec2", "DescribeVpcs", body) == expected


def test_what_can_not_be_read_and_what_is_unknown() -> None:
    assert found("ecs", "DescribeClusters", '{"clusters": [') != []
    assert found("iam", "CreateAccessKey", "<R>") != []
    assert found("ecs", "Unknown", "{}") == [("", "the model has no such call")]


def test_an_error_is_not_held_against_the_output() -> None:
    assert found("ecs", "DescribeClusters", '{"__type": "ClientException"}', 400) == []
