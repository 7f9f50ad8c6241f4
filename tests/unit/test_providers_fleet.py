"""What AWS says about machines, read through botocore's own model of its answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from dco.model.environment import Aws
from dco.model.errors import Unreadable
from dco.providers.aws.fleet import AwsFleet
from dco.providers.aws.session import AwsSession
from dco.seams.fleet import Fleet

IMAGE = {
    "ImageId": "ami-1", "Name": "neo4j-1", "CreationDate": "2026-10-01T00:00:00.000Z", "State": "available",
    "DeprecationTime": "2028-10-01T00:00:00.000Z",
}  # fmt: skip
MACHINE = {
    "InstanceId": "i-1", "ImageId": "ami-1", "InstanceType": "t3.medium", "Placement": {"AvailabilityZone": "a"},
    "Tags": [{"Key": "dco:database", "Value": "ledger"}],
}  # fmt: skip


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Fleet]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")

    def make(service: str, *answers: tuple[str, dict[str, Any], Any]) -> Fleet:
        session = AwsSession(Aws(region="eu-central-1"), tmp_path, attempts=1)
        stub = Stubber(getattr(session, service))
        for call, said, wanted in answers:
            stub.add_response(call, said, wanted)
        stub.activate()
        return AwsFleet(session)

    return make


def test_machines_come_with_the_names_of_their_images(fleet: Callable[..., Fleet]) -> None:
    filters = [
        {"Name": "tag:dco:database", "Values": ["ledger"]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    metadata = [{"InstanceId": "i-1", "ImageMetadata": {"ImageId": "ami-1", "Name": "neo4j-1"}}]
    asked = fleet(
        "ec2",
        ("describe_instances", {"Reservations": [{"Instances": [MACHINE]}]}, {"Filters": filters}),
        ("describe_instance_image_metadata", {"InstanceImageMetadata": metadata}, {"InstanceIds": ["i-1"]}),
    )
    (machine,) = asked.instances({"dco:database": "ledger"})
    assert (machine.id, machine.image, machine.image_name, machine.zone) == ("i-1", "ami-1", "neo4j-1", "a")
    assert machine.tags == {"dco:database": "ledger"}


def test_no_machine_is_no_question_about_images(fleet: Callable[..., Fleet]) -> None:
    assert fleet("ec2", ("describe_instances", {"Reservations": []}, ANYTHING)).instances({"Name": "x"}) == ()


ANYTHING = {"Filters": ANY}


def test_an_image_that_is_gone_is_none(fleet: Callable[..., Fleet]) -> None:
    wanted = {"Filters": [{"Name": "image-id", "Values": ["ami-1"]}], "IncludeDeprecated": True}
    found = fleet("ec2", ("describe_images", {"Images": [IMAGE]}, wanted)).image("ami-1")
    assert found is not None
    assert (found.deprecated, found.available) == ("2028-10-01T00:00:00.000Z", True)
    assert fleet("ec2", ("describe_images", {"Images": []}, wanted)).image("ami-1") is None


@pytest.mark.parametrize(
    ("owner", "more", "filtered"),
    [
        ("aws-marketplace", {}, [{"Name": "owner-alias", "Values": ["aws-marketplace"]}]),
        ("679593333241", {"Owners": ["679593333241"]}, []),
        ("self", {"Owners": ["self"]}, []),
    ],
)
def test_owners_are_accounts_or_aliases(
    fleet: Callable[..., Fleet], owner: str, more: dict[str, Any], filtered: list[Any]
) -> None:
    filters = [{"Name": "name", "Values": ["neo4j-*"]}, {"Name": "architecture", "Values": ["x86_64"]}, *filtered]
    wanted = {"Filters": filters, "IncludeDeprecated": True, **more}
    asked = fleet("ec2", ("describe_images", {"Images": [IMAGE]}, wanted))
    assert [one.id for one in asked.images(owner, "neo4j-*", "x86_64")] == ["ami-1"]


def test_all_pages_of_instance_types_are_read_and_none_is_no_answer(fleet: Callable[..., Fleet]) -> None:
    call = "describe_instance_type_offerings"
    first = {"InstanceTypeOfferings": [{"InstanceType": "t3.medium", "Location": "a"}], "NextToken": "more"}
    second = {"InstanceTypeOfferings": [{"InstanceType": "t3.medium", "Location": "b"}]}
    zone = {"LocationType": "availability-zone"}
    asked = fleet("ec2", (call, first, zone), (call, second, {**zone, "NextToken": "more"}))
    assert asked.kinds() == {"t3.medium": frozenset({"a", "b"})}
    with pytest.raises(Unreadable, match="no instance type at all"):
        fleet("ec2", (call, {"InstanceTypeOfferings": []}, zone)).kinds()


def test_what_is_over_is_not_scheduled_and_silence_is_no_answer(fleet: Callable[..., Fleet]) -> None:
    call, wanted = "describe_instance_status", {"InstanceIds": ["i-1"], "IncludeAllInstances": True}
    begins = datetime(2026, 12, 1, tzinfo=UTC)
    events = [
        {"Code": "instance-retirement", "Description": "old hardware", "NotBefore": begins},
        {"Code": "system-reboot", "Description": "[Completed] done"},
    ]
    said = {"InstanceStatuses": [{"InstanceId": "i-1", "Events": events}]}
    (notice,) = fleet("ec2", (call, said, wanted)).scheduled(["i-1"])
    assert (notice.subject, notice.what) == ("i-1", "instance-retirement: old hardware")
    assert notice.begins == "2026-12-01T00:00:00+00:00"
    with pytest.raises(Unreadable, match="did not tell what is scheduled for i-1"):
        fleet("ec2", (call, {"InstanceStatuses": []}, wanted)).scheduled(["i-1"])


def test_tls_policies_are_read_to_the_last_page(fleet: Callable[..., Fleet]) -> None:
    first = {"SslPolicies": [{"Name": "Old", "SslProtocols": ["TLSv1"]}], "NextMarker": "more"}
    second = {"SslPolicies": [{"Name": "New", "SslProtocols": ["TLSv1.3"]}]}
    call = "describe_ssl_policies"
    asked = fleet("elbv2", (call, first, {}), (call, second, {"Marker": "more"}))
    assert asked.tls_policies() == {"Old": frozenset({"TLSv1"}), "New": frozenset({"TLSv1.3"})}
    with pytest.raises(Unreadable, match="no TLS policy at all"):
        fleet("elbv2", (call, {"SslPolicies": []}, {})).tls_policies()


def test_health_without_a_support_plan_is_unreadable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    session = AwsSession(Aws(region="eu-central-1"), tmp_path, attempts=1)
    stub = Stubber(session.health)
    stub.add_client_error("describe_events", "SubscriptionRequiredException", "no plan")
    stub.activate()
    with pytest.raises(Unreadable, match="support plan"):
        AwsFleet(session).health()


def test_health_is_asked_for_what_is_open(fleet: Callable[..., Fleet]) -> None:
    event = {"service": "EC2", "eventTypeCode": "AWS_EC2_RETIREMENT", "startTime": datetime(2026, 12, 1, tzinfo=UTC)}
    wanted = {"filter": {"eventStatusCodes": ["open", "upcoming"], "regions": ["eu-central-1", "global"]}}
    (notice,) = fleet("health", ("describe_events", {"events": [event]}, wanted)).health()
    assert (notice.subject, notice.what) == ("EC2", "AWS_EC2_RETIREMENT")
