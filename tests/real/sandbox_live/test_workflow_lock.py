"""A workflow that deploys and a night share one lock: the step of the sample, run for real against the bucket."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.real.sandbox_live.test_providers_aws import connect as connect  # noqa: PLC0414 - a fixture

from dco.model.errors import Refused
from dco.providers.aws.objects import S3Objects
from dco.providers.aws.session import AwsSession
from dco.record import lock
from dco.record.lock import Lock

STEP = Path(__file__).resolve().parents[3] / "examples/credcoin/.github/dco-lock"
BUCKET = "workflow-lock"
NIGHT = Lock(
    night="20261126-030000", who="arn:aws:iam::1:user/runner", since="2026-11-26T03:00:00Z", why="deploys 1234"
)


class Runner:
    """A runner of the repository host, as far as its environment tells."""

    def __init__(self, live: Any, place: Path) -> None:
        self.place = place
        self.endpoint = live.world.endpoint

    def step(self, verb: str, run: str = "77", **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.place),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "DCO_BUCKET": BUCKET,
            "DCO_WAIT": "0",
            "DCO_POLL": "0.2",
            "GITHUB_RUN_ID": run,
            "GITHUB_JOB": "stack",
            "GITHUB_ACTOR": "ada",
            "GITHUB_WORKFLOW": "deploy",
            "GITHUB_SHA": "0123456789abcdef",
            "GITHUB_SERVER_URL": "https://git.example",
            "GITHUB_REPOSITORY": "credcoin/credcoin",
        }
        return subprocess.run(
            [STEP, verb], env=environment | more, capture_output=True, text=True, check=False, timeout=60
        )


@pytest.fixture
def runner(live: Any, tmp_path: Path) -> Runner:
    s3 = live.client("s3")
    if BUCKET not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": live.world.region})
    return Runner(live, tmp_path)


def test_a_night_and_a_workflow_never_have_it_at_the_same_time(
    runner: Runner, connect: Callable[..., AwsSession]
) -> None:
    objects = S3Objects(connect(), BUCKET)
    taken = runner.step("take")
    assert taken.returncode == 0, taken.stderr
    assert runner.step("take").returncode == 0, "a step that is run again has it already"
    held = lock.holder(objects)
    assert held is not None
    assert (held.who, held.whose) == ("ada", "the workflow run https://git.example/credcoin/credcoin/actions/runs/77")
    with pytest.raises(Refused, match=r"locked by ada since .*: workflow deploy deploys 0123456789ab") as refused:
        lock.take(objects, NIGHT)
    assert "wait for the workflow run https://git.example" in refused.value.remedy
    assert "not ours" in runner.step("give-back", run="78").stdout
    assert "given back" in runner.step("give-back").stdout
    lock.take(objects, NIGHT)
    late = runner.step("take")
    assert late.returncode == 1
    assert "::error::the environment is locked by 20261126-030000 arn:aws:iam::1:user/runner" in late.stdout
    assert "not ours" in runner.step("give-back").stdout
    assert lock.holder(objects) == NIGHT, "a workflow never takes a night's lock away"
    lock.release(objects, NIGHT.night)


def test_a_bucket_that_can_not_be_reached_is_no_free_lock(runner: Runner) -> None:
    refused = runner.step("take", DCO_BUCKET="of-somebody-else")
    assert refused.returncode == 1
    assert "NoSuchBucket" in refused.stderr
    assert runner.step("give-back", DCO_BUCKET="of-somebody-else").returncode != 0
