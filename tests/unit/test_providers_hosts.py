"""Commands on machines, on moto's SSM: what is sent, once for each token, and what comes of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from dco.model.environment import Aws
from dco.model.errors import StepFailed
from dco.providers.aws.hosts import SsmHosts
from dco.providers.aws.session import AwsSession

FILES = {"a.py": b"print(1)"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AwsSession]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = AwsSession(Aws(region="us-east-1"), tmp_path)
        session.s3.create_bucket(Bucket="bucket")
        yield session


def begun(hosts: SsmHosts, token: str = "") -> str:
    return hosts.begin("i-1", "echo hello\n", FILES, 60, token)


def commands(aws: AwsSession) -> list[dict[str, Any]]:
    return [dict(one) for one in aws.ssm.list_commands(InstanceId="i-1")["Commands"]]


def answered(monkeypatch: pytest.MonkeyPatch, aws: AwsSession, **answer: Any) -> None:
    def told(**_: Any) -> dict[str, Any]:
        return answer

    monkeypatch.setattr(aws.ssm, "get_command_invocation", told)


def test_files_come_by_a_link_and_are_checked_there(aws: AwsSession) -> None:
    begun(SsmHosts(aws, "bucket"))
    (sent,) = commands(aws)
    (script,) = sent["Parameters"]["commands"]
    assert script.endswith("echo hello\n")
    assert "came in other than it was sent" in script
    assert "print(1)" not in script
    assert sent["Parameters"]["executionTimeout"] == ["60"]


def test_a_token_sends_one_command(aws: AwsSession) -> None:
    hosts = SsmHosts(aws, "bucket")
    assert begun(hosts) == begun(hosts)
    assert begun(hosts, "another") != begun(hosts)
    assert len(commands(aws)) == 2


def test_what_was_sent_is_deleted_afterwards(aws: AwsSession) -> None:
    hosts = SsmHosts(aws, "bucket")
    begun(hosts)
    assert aws.s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 1
    hosts.forget(FILES)
    hosts.forget(FILES)
    assert aws.s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0


def test_it_is_not_over_while_it_runs(monkeypatch: pytest.MonkeyPatch, aws: AwsSession) -> None:
    answered(monkeypatch, aws, Status="InProgress")
    assert SsmHosts(aws, "bucket").ended("i-1", "c") is None


@pytest.mark.parametrize(("status", "code"), [("Success", 0), ("Failed", 3)])
def test_its_end_and_words_are_told(monkeypatch: pytest.MonkeyPatch, aws: AwsSession, status: str, code: int) -> None:
    answered(
        monkeypatch, aws, Status=status, ResponseCode=code, StandardOutputContent="out", StandardErrorContent="err"
    )
    ran = SsmHosts(aws, "bucket").ended("i-1", "c")
    assert ran is not None
    assert (ran.code, ran.out, ran.err) == (code, "out", "err")


def test_one_that_was_never_delivered_failed(monkeypatch: pytest.MonkeyPatch, aws: AwsSession) -> None:
    answered(monkeypatch, aws, Status="TimedOut", StatusDetails="Delivery Timed Out")
    with pytest.raises(StepFailed, match="ended as Delivery Timed Out"):
        SsmHosts(aws, "bucket").ended("i-1", "c")
