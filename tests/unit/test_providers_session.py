"""Where credentials come from, and what AWS's errors are told as."""

from pathlib import Path

import pytest
from botocore import exceptions as aws

from dco.model.environment import Aws
from dco.model.errors import ConfigurationError, DcoError, StepFailed, Unreadable
from dco.providers.aws.errors import asking, doing, doubtful
from dco.providers.aws.identity import StsIdentity
from dco.providers.aws.parameters import AwsParameters
from dco.providers.aws.session import AwsSession

CREDENTIALS = """
[runner]
aws_access_key_id = runner-id
aws_secret_access_key = runner-key
[alice]
aws_access_key_id = alice-id
aws_secret_access_key = alice-key
"""


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws/credentials").write_text(CREDENTIALS)
    (tmp_path / "aws/config").write_text("[profile runner]\n[profile alice]\n")


def session(root: Path, **more: str) -> AwsSession:
    named = {"config_file": "aws/config", "credentials_file": "aws/credentials", "profile": "runner", **more}
    return AwsSession(Aws(region="eu-central-1", **named), root, attempts=1)


def test_files_are_found_beside_dco_toml_and_given_to_terraform(tmp_path: Path) -> None:
    made = session(tmp_path)

    assert made.credentials().access_key == "runner-id"
    assert made.environment() == {
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": str(tmp_path / "aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws/credentials"),
        "AWS_PROFILE": "runner",
    }


def test_the_profile_in_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "alice")
    made = session(tmp_path)

    assert made.credentials().access_key == "alice-id"
    assert made.environment()["AWS_PROFILE"] == "alice"


def test_keys_in_the_environment_win_for_us_as_for_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    made = session(tmp_path)

    assert made.credentials().access_key == "mine"
    assert "AWS_PROFILE" not in made.environment()


def test_a_profile_that_does_not_exist_is_said_with_the_remedy(tmp_path: Path) -> None:
    made = session(tmp_path, profile="nobody")

    assert made.environment()["AWS_PROFILE"] == "nobody"
    with pytest.raises(ConfigurationError, match="nobody") as caught:
        StsIdentity(made).prove("x")
    assert "AWS_PROFILE" in caught.value.remedy
    with pytest.raises(ConfigurationError, match="nobody"):
        AwsParameters(made).get("x")


def test_no_credentials_at_all(tmp_path: Path) -> None:
    made = AwsSession(Aws(region="eu-central-1"), tmp_path, attempts=1)

    with pytest.raises(ConfigurationError, match="no AWS credentials"):
        made.credentials()
    with pytest.raises(ConfigurationError, match="no usable AWS credentials"):
        made.account()


def test_a_region_that_is_none(tmp_path: Path) -> None:
    made = AwsSession(Aws(region="eu central"), tmp_path, attempts=1)

    with pytest.raises(ConfigurationError, match="eu central") as caught:
        AwsParameters(made).get("x")
    assert "region" in caught.value.remedy


def refusal(code: str, status: int = 400, message: str = "no") -> aws.ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(answer, "DescribeServices")  # pyright: ignore[reportArgumentType] - the rest is not read


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (refusal("ExpiredToken"), ConfigurationError, "expired"),
        (refusal("UnrecognizedClientException"), ConfigurationError, "does not accept"),
        (refusal("AccessDeniedException"), Unreadable, "access denied to DescribeServices"),
        (refusal("PermanentRedirect", 301), ConfigurationError, "another region"),
        (refusal("ThrottlingException"), Unreadable, "throttled"),
        (refusal("ServerException", 500, "boom"), Unreadable, "ServerException: boom"),
        (aws.EndpointConnectionError(endpoint_url="http://x"), Unreadable, "http://x"),
        (aws.ReadTimeoutError(endpoint_url="http://x"), Unreadable, "http://x"),
        (aws.NoCredentialsError(), ConfigurationError, "credentials"),
    ],
)
def test_aws_errors_are_told_to_people(raised: Exception, kind: type[DcoError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught, asking("read service api"):
        raise raised
    assert str(caught.value).startswith("could not read service api: ")
    assert caught.value.remedy


def test_what_fails_while_changing_is_a_failed_step() -> None:
    with pytest.raises(StepFailed, match="could not roll api: DescribeServices"), doing("roll api"):
        raise refusal("InvalidParameterException")
    with pytest.raises(ConfigurationError, match="expired"), doing("roll api"):
        raise refusal("ExpiredTokenException")


def test_in_doubt_are_lost_answers_and_busy_servers_only() -> None:
    assert doubtful(aws.ConnectionClosedError(endpoint_url="http://x"))
    assert doubtful(aws.ReadTimeoutError(endpoint_url="http://x"))
    assert doubtful(refusal("ServerException", 500))
    assert doubtful(refusal("ThrottlingException"))
    assert not doubtful(refusal("AccessDenied", 403))
    assert not doubtful(aws.NoCredentialsError())
