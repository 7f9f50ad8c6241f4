"""Snapshots of data volumes, on moto's EC2: one for each token, of exactly one volume."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from dco.model.environment import Aws
from dco.model.errors import StepFailed
from dco.providers.aws.session import AwsSession
from dco.providers.aws.volumes import EbsVolumes

TAGS = {"dco:database": "ledger", "dco:colour": "blue"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AwsSession]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield AwsSession(Aws(region="eu-central-1"), tmp_path)


def make(aws: AwsSession, **tags: str) -> str:
    marks = [{"Key": key, "Value": value} for key, value in {**TAGS, **tags}.items()]
    volume = aws.ec2.create_volume(
        AvailabilityZone="eu-central-1a",
        Size=1,
        TagSpecifications=[{"ResourceType": "volume", "Tags": marks}],  # type: ignore[list-item]
    )
    return volume["VolumeId"]


def test_a_token_makes_one_snapshot_of_the_volume_with_the_tags(aws: AwsSession) -> None:
    mine = make(aws)
    make(aws, **{"dco:colour": "green"})
    volumes = EbsVolumes(aws)
    found = volumes.snapshot(TAGS, "n-1/ledger")
    assert volumes.snapshot(TAGS, "n-1/ledger") == found
    assert volumes.is_complete(found)
    (told,) = aws.ec2.describe_snapshots(SnapshotIds=[found])["Snapshots"]
    assert told.get("VolumeId") == mine
    assert {"Key": "dco:token", "Value": "n-1/ledger"} in told.get("Tags", [])
    assert volumes.snapshot(TAGS, "n-2/ledger") != found


def test_what_is_forgotten_is_gone_and_nothing_else(aws: AwsSession) -> None:
    make(aws)
    volumes = EbsVolumes(aws)
    first, second = volumes.snapshot(TAGS, "n-1"), volumes.snapshot(TAGS, "n-2")
    volumes.forget("n-1")
    volumes.forget("n-1")
    left = {one.get("SnapshotId") for one in aws.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    assert second in left
    assert first not in left
    assert volumes.snapshot(TAGS, "n-1") != first


@pytest.mark.parametrize("count", [0, 2])
def test_another_number_of_volumes_than_one_is_refused(aws: AwsSession, count: int) -> None:
    for _ in range(count):
        make(aws)
    with pytest.raises(StepFailed, match=f"{count} volumes are tagged dco:database=ledger and dco:colour=blue"):
        EbsVolumes(aws).snapshot(TAGS, "n-1")
