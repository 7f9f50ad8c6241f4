"""The sandbox tells what an instance's image was called, also when that is gone; and dco's own reader reads it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws
from moto.ec2.models import ec2_backends
from moto.ec2.responses.amis import AmisResponse

from dco.model.environment import Aws
from dco.providers.aws.fleet import AwsFleet
from dco.providers.aws.session import AwsSession
from dco_sandbox.machines import catalogue, images

PATCHED = (
    "describe_images", "deregister_image", "describe_instance_image_metadata", "enable_image_deprecation",
    "disable_image_deprecation",
)  # fmt: skip


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AwsSession]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    with mock_aws():
        for name in PATCHED:  # put back what `install` replaces
            monkeypatch.setattr(AmisResponse, name, getattr(AmisResponse, name, None), raising=False)
        images.install()
        catalogue.fill(ec2_backends["123456789012"]["eu-central-1"])
        yield AwsSession(Aws(region="eu-central-1"), tmp_path, attempts=1)


def test_a_machine_whose_image_was_deregistered_is_still_known(session: AwsSession) -> None:
    fleet = AwsFleet(session)
    old, new = sorted(fleet.images("aws-marketplace", "neo4j-community-5.26.*", "x86_64"), key=lambda one: one.created)
    tags = {"dco:database": "ledger"}
    session.ec2.run_instances(
        ImageId=old.id, MinCount=1, MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}],
    )  # fmt: skip
    session.ec2.deregister_image(ImageId=old.id)
    (machine,) = fleet.instances(tags)
    assert (machine.image, machine.image_name) == (old.id, old.name)
    assert fleet.image(old.id) is None
    assert fleet.image(new.id) == new


def test_what_the_sandbox_offers_is_read(session: AwsSession) -> None:
    fleet = AwsFleet(session)
    assert "t3.medium" in fleet.kinds()
    assert fleet.tls_policies()
