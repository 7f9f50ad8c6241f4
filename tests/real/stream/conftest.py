"""A bucket and a stream for each test; servers come from the plugin's tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from tests.real.plugin.conftest import NETWORK, Make, make
from tests.real.stream.lab import AWS, BUCKET, S3, Lab

__all__ = ["Make", "make"]
MakeLab = Callable[..., Lab]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    site = S3(f"{NETWORK}.200", 5000 + os.getpid() % 1000)
    monkeypatch.setenv("AWS_ENDPOINT_URL", site.url)
    # all of a process share what they keep: a gate would obey what the test before has decided
    httpx.post(f"{site.url}/moto-api/reset", trust_env=False).raise_for_status()
    where: Any = {"LocationConstraint": "eu-central-1"}
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    yield site
    site.stop()


@pytest.fixture
def lab(tmp_path: Path, s3: S3) -> Iterator[MakeLab]:
    made: list[Lab] = []

    def making(name: str = "ledger", **keep: Any) -> Lab:
        made.append(Lab(tmp_path / f"stream-{len(made)}", s3, name, **keep))
        return made[-1]

    yield making
    for one in made:
        one.stop()
        for end in one.endings:
            end()
