"""AWS refuses, hangs, breaks off, sends elsewhere, is busy or says nothing: that is never taken for an answer."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.real.registry_site import Site, serve

from dco.model.environment import Aws
from dco.model.errors import DcoError
from dco.providers.aws.fleet import AwsFleet
from dco.providers.aws.services import EcsServices
from dco.providers.aws.session import AwsSession
from dco.providers.aws.surroundings import AwsSurroundings
from dco.seams.surroundings import Wanted

LIMIT = 0.5
FAILURES = ("hang", "truncate", "elsewhere", "garbage", "html", "nothing", "busy", "broken", "login")
ARN = "arn:aws:ecs:eu-central-1:1:task-definition/f:1"


def _surroundings(aws: AwsSession) -> AwsSurroundings:
    return AwsSurroundings(aws, EcsServices(aws))


QUESTIONS: dict[str, Callable[[AwsSession], Any]] = {
    "kinds": lambda aws: AwsFleet(aws).kinds(),
    "tls": lambda aws: AwsFleet(aws).tls_policies(),
    "scheduled": lambda aws: AwsFleet(aws).scheduled(["i-1"]),
    "health": lambda aws: AwsFleet(aws).health(),
    "settings": lambda aws: _surroundings(aws).facts(Wanted(services=(("c", "api"),))),
    "definitions": lambda aws: _surroundings(aws).facts(Wanted(revisions=(ARN,))),
    "trail": lambda aws: _surroundings(aws).last_change("slot", "/api/image", "2026-01-01T00:00:00Z"),
    "trail of roles": lambda aws: _surroundings(aws).last_change("role", "task", "2026-01-01T00:00:00Z"),
}


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture
def aws(running: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsSession:
    running.failure, running.failures = "", 1_000_000
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_ENDPOINT_URL", running.address)
    return AwsSession(Aws(region="eu-central-1"), tmp_path, attempts=1, read_seconds=LIMIT)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("name", QUESTIONS)
def test_no_answer_is_an_error_within_its_time(running: Site, aws: AwsSession, name: str, failure: str) -> None:
    running.failure = failure
    began = time.monotonic()
    with pytest.raises(DcoError) as caught:
        QUESTIONS[name](aws)
    assert time.monotonic() - began < LIMIT + 8
    assert caught.value.what


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_endpoint_that_refuses_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.9.1.31:1/")
    session = AwsSession(Aws(region="eu-central-1"), tmp_path, attempts=1, read_seconds=LIMIT)
    with pytest.raises(DcoError):
        QUESTIONS[name](session)
