"""What somebody changes past Terraform and dco is found, told with who and when, and kept only by a person's word."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.real.nights.stage import QUICK, Stage

ROLE = "credcoin-production-api-task"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def drifts(stage: Stage) -> dict[str, dict[str, Any]]:
    said = stage.dco("detect", "--json").said["changes"]
    return {one["component"]: one for one in said if one["source"] == "drift" and one["status"] != "unchanged"}


@pytest.fixture
def group(stage: Stage) -> Iterator[str]:
    """A door that somebody opened in the application's security group; it is shut again afterwards."""
    ec2, service = stage.client("ec2"), stage.service()
    group = service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"][0]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    stage.client("iam").put_role_policy(RoleName=ROLE, PolicyName="by-hand", PolicyDocument=json.dumps(POLICY))
    yield group
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    stage.client("iam").delete_role_policy(RoleName=ROLE, PolicyName="by-hand")
    done = stage.dco("adopt", "--again")
    assert done.code == 0, done.err


@pytest.mark.long
def test_a_door_and_a_policy_that_terraform_does_not_see_are_found_and_kept_by_a_person_only(
    stage: Stage, group: str
) -> None:
    stage.configure(QUICK)
    found = drifts(stage)
    assert set(found) == {f"drift:security-group/{group}", f"drift:role/{ROLE}"}
    door, role = found[f"drift:security-group/{group}"], found[f"drift:role/{ROLE}"]
    assert "ingress tcp 22-22 0.0.0.0/0 is new" in door["reason"]
    assert "policy by-hand is new" in role["reason"]
    for one, call in ((door, "AuthorizeSecurityGroupIngress"), (role, "PutRolePolicy")):
        assert one["action"] == "approve"
        assert f"({call})" in one["evidence"][-1]
        assert one["evidence"][-1].startswith("by arn:aws:iam::123456789012:user/")
    night = stage.begin("run", "--json")
    stage.waits()
    assert "takes note of the drift of" in stage.dco("plan").out
    assert stage.dco("approve", person="alice").code == 0
    assert night.end().said["outcome"] == "deployed"
    assert drifts(stage) == {}, "kept by alice's word"


@pytest.mark.long
def test_without_the_right_to_look_up_who_did_it_that_is_said(stage: Stage) -> None:
    before = stage.slot()
    stage.client("ssm").put_parameter(Name="/credcoin/production/api/image", Value=f"{before[:-4]}0000", Overwrite=True)
    try:
        told = drifts(stage)["drift:slot/api"]["reason"]
        assert "(PutParameter)" in told
        stage.fault("error", "cloudtrail:LookupEvents", code="AccessDeniedException", count=20)
        refused = drifts(stage)["drift:slot/api"]["reason"]
        assert "who did it can't be told" in refused
        assert "cloudtrail:LookupEvents" in refused
    finally:
        stage.client("ssm").put_parameter(Name="/credcoin/production/api/image", Value=before, Overwrite=True)
