"""What a proof of identity must be before it is sent to STS: anything else is refused without a request."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from dco.model.environment import Aws
from dco.model.errors import Refused
from dco.providers.aws.identity import StsIdentity, checked_query
from dco.providers.aws.session import AwsSession

ENDPOINT = "http://127.1.1.1:4566"
REGION = "eu-central-1"


@pytest.fixture
def proof(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-key")
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)
    return StsIdentity(AwsSession(Aws(region=REGION), tmp_path)).prove("dco:night:digest:approve")


def check(proof: str, *, endpoint: str = ENDPOINT, after: timedelta = timedelta()) -> str:
    return checked_query(proof, endpoint, REGION, datetime.now(UTC) + after)


def changed(proof: str, **fields: str | None) -> str:
    place = urlsplit(proof)
    query = {**dict(parse_qsl(place.query)), **{name.replace("_", "-"): value for name, value in fields.items()}}
    return place._replace(query=urlencode({k: v for k, v in query.items() if v is not None})).geturl()


def test_what_prove_makes_is_accepted_for_fifteen_minutes(proof: str) -> None:
    assert "Action=GetCallerIdentity" in check(proof)
    check(proof, after=timedelta(minutes=14))
    with pytest.raises(Refused, match="expired"):
        check(proof, after=timedelta(minutes=16))


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://169.254.169.254/",
        "https://127.1.1.1:4566/",
        "http://127.1.1.1:4567/",
        "http://127.1.1.1:4566@evil.example/",
        "http://127.1.1.1:4566/latest/meta-data",
        "file:///etc/passwd",
        "ftp://127.1.1.1:4566/",
        "",
        "//127.1.1.1:4566/",
        "http://[127.1.1.1:4566/",
    ],
)
def test_a_proof_for_another_place_is_refused(proof: str, elsewhere: str) -> None:
    with pytest.raises(Refused):
        check(f"{elsewhere}?{urlsplit(proof).query}")


def test_another_action_is_refused(proof: str) -> None:
    with pytest.raises(Refused, match="asks for GetSessionToken"):
        check(changed(proof, Action="GetSessionToken"))
    with pytest.raises(Refused, match="parameters"):
        check(proof + "&Action=GetSessionToken")
    with pytest.raises(Refused, match="parameters"):
        check(changed(proof, Action=None))
    with pytest.raises(Refused, match="parameters"):
        check(changed(proof, RoleArn="arn:aws:iam::1:role/x"))


def test_a_signature_that_leaves_the_statement_out_is_refused(proof: str) -> None:
    with pytest.raises(Refused, match="does not cover the statement"):
        check(changed(proof, X_Amz_SignedHeaders="host"))
    with pytest.raises(Refused, match="does not cover the statement"):
        check(changed(proof, X_Amz_SignedHeaders="host;x-dco-statement-not"))


def test_a_longer_validity_does_not_help(proof: str) -> None:
    with pytest.raises(Refused, match="expired"):
        check(changed(proof, X_Amz_Expires="604800"), after=timedelta(minutes=16))
    with pytest.raises(Refused, match="time can't be read"):
        check(changed(proof, X_Amz_Expires="9" * 40))


def test_a_proof_from_the_future_is_refused(proof: str) -> None:
    with pytest.raises(Refused, match="from the future"):
        check(proof, after=timedelta(minutes=-6))


def test_a_signature_for_another_service_or_region_is_refused(proof: str) -> None:
    query = dict(parse_qsl(urlsplit(proof).query))
    scope = query["X-Amz-Credential"].replace("/sts/", "/s3/")
    with pytest.raises(Refused, match="another service or region"):
        check(changed(proof, X_Amz_Credential=scope))


def test_a_fragment_or_garbage_is_refused(proof: str) -> None:
    for garbage in (proof + "#x", "garbage", proof + "&=", "http://127.1.1.1:4566/"):
        with pytest.raises(Refused):
            check(garbage)
