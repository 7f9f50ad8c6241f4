"""Objects, parameters, identity, alarms and messages on an endpoint that can be told to misbehave."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dco.model.environment import Application, Aws, CodeBuildBuilder, CommandBuilder, GivenBuilder, Notify
from dco.model.errors import ConfigurationError, Refused, StepFailed, Unreadable
from dco.providers.aws.alarms import CloudWatchAlarms
from dco.providers.aws.identity import StsIdentity
from dco.providers.aws.images import AwsImages
from dco.providers.aws.notices import AwsNotices
from dco.providers.aws.objects import S3Objects
from dco.providers.aws.parameters import AwsParameters
from dco.providers.aws.session import AwsSession
from dco_sandbox import access

Break = Callable[..., None]
MISSING = "sha256:" + "0" * 64


@pytest.fixture
def connect(live: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AwsSession]:
    """Make sessions with files of their own, as dco.toml would name them."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    keys = live.clients.setdefault("keys", {})
    for name in ("runner", "alice"):
        if name not in keys:
            live.client("iam").create_user(UserName=name)
            keys[name] = live.client("iam").create_access_key(UserName=name)["AccessKey"]
    config = "".join(f"[profile {n}]\nendpoint_url = {live.world.endpoint}\n" for n in keys)
    lines = [
        f"[{name}]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
        for name, key in keys.items()
    ]
    (tmp_path / "config").write_text(config)
    (tmp_path / "credentials").write_text("".join(lines))

    def connecting(profile: str = "runner", **more: Any) -> AwsSession:
        account = more.pop("account", live.world.account)
        aws = Aws(
            region=live.world.region,
            account=account,
            profile=profile,
            config_file="config",
            credentials_file="credentials",
        )
        return AwsSession(aws, tmp_path, **more)

    return connecting


@pytest.fixture
def aws(connect: Callable[..., AwsSession]) -> AwsSession:
    return connect()


@pytest.fixture
def broken(live: Any) -> Iterator[Break]:
    """Put a fault in force for the product's own calls; all are lifted at the end."""

    def breaking(kind: str, service: str, action: str, **more: Any) -> None:
        rule = {"kind": kind, "service": service, "action": action, "user_agent": "*dco/*", "count": 1, **more}
        access.control(live.world, "POST", "faults", rule)

    yield breaking
    access.control(live.world, "DELETE", "faults")


@pytest.fixture
def objects(live: Any, aws: AwsSession, request: pytest.FixtureRequest) -> S3Objects:
    """A bucket of the test's own, versioned and with object lock."""
    bucket = f"b{abs(hash(request.node.name)):x}-{time.monotonic_ns():x}"
    live.client("s3").create_bucket(
        Bucket=bucket,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": live.world.region},
    )
    return S3Objects(aws, bucket)


def test_the_first_writer_wins(objects: S3Objects) -> None:
    assert objects.put_new("locks/a", b"first")
    assert not objects.put_new("locks/a", b"second")
    assert objects.get("locks/a") == b"first"
    assert objects.get("locks/b") is None


def test_a_lost_answer_does_not_turn_the_winner_into_a_loser(objects: S3Objects, broken: Break) -> None:
    broken("lose-response", "s3", "PutObject")
    assert objects.put_new("locks/a", b"by night 1")
    assert not objects.put_new("locks/a", b"by night 2")


def test_throttling_errors_and_delays_are_ridden_out(
    objects: S3Objects, connect: Callable[..., AwsSession], broken: Break
) -> None:
    broken("throttle", "s3", "PutObject", count=2)
    objects.put("a", b"1")
    broken("error", "s3", "GetObject", status=500, code="InternalError")
    assert objects.get("a") == b"1"
    broken("delay", "ssm", "GetParameter", seconds=2)
    assert AwsParameters(connect(read_seconds=0.5)).get("/none") is None


def test_what_stays_broken_is_unreadable(connect: Callable[..., AwsSession], broken: Break) -> None:
    parameters = AwsParameters(connect(attempts=2))
    assert parameters.get("/none") is None
    broken("throttle", "ssm", "GetParameter", count=2)
    with pytest.raises(Unreadable, match="could not read parameter /a: AWS throttled GetParameter"):
        parameters.get("/a")
    broken("error", "ssm", "GetParameter", count=1, code="AccessDeniedException", status=400)
    with pytest.raises(Unreadable, match="access denied to GetParameter"):
        parameters.get("/a")
    broken("error", "ssm", "GetParameter", count=1, code="ExpiredTokenException", status=400)
    with pytest.raises(ConfigurationError, match="expired"):
        parameters.get("/a")


def test_an_endpoint_that_is_down_is_unreadable(connect: Callable[..., AwsSession], tmp_path: Path) -> None:
    session = connect(attempts=2, account=None)
    (tmp_path / "config").write_text("[profile runner]\nendpoint_url = http://127.9.1.23:1\n")
    with pytest.raises(Unreadable, match=r"127\.9\.1\.23"):
        AwsParameters(session).get("/a")


def test_the_first_version_is_what_stood_there_at_first(objects: S3Objects) -> None:
    objects.put("anchors/1", b"true")
    objects.put("anchors/10", b"another key")
    objects.put("anchors/1", b"forged")
    objects.delete("anchors/1")
    assert objects.first("anchors/1") == b"true"
    assert objects.get("anchors/1") is None
    assert objects.first("anchors/2") is None
    objects.delete("anchors/2")


def test_a_locked_version_can_not_be_deleted(live: Any, objects: S3Objects) -> None:
    assert objects.put_locked("anchors/1", b"head", 365)
    assert not objects.put_locked("anchors/1", b"other", 365)
    s3 = live.client("s3")
    bucket = objects._bucket  # pyright: ignore[reportPrivateUsage]
    version = s3.list_object_versions(Bucket=bucket)["Versions"][0]
    held = s3.head_object(Bucket=bucket, Key="anchors/1", VersionId=version["VersionId"])
    assert held["ObjectLockMode"] == "COMPLIANCE"
    assert (held["ObjectLockRetainUntilDate"] - datetime.now(UTC)).days in {364, 365}
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="anchors/1", VersionId=version["VersionId"], BypassGovernanceRetention=True)


def test_keys_are_listed_after_a_key_and_in_order(objects: S3Objects) -> None:
    for name in ("j/3", "j/1", "j/2", "k/1"):
        objects.put(name, b"")
    assert objects.list("j/") == ("j/1", "j/2", "j/3")
    assert objects.list("j/", after="j/1") == ("j/2", "j/3")
    assert objects.list("none/") == ()


def test_a_bucket_that_is_missing_is_a_matter_of_configuration(aws: AwsSession) -> None:
    nowhere = S3Objects(aws, "no-such-bucket")
    for ask in (nowhere.get, nowhere.list, nowhere.first, nowhere.delete):
        with pytest.raises(ConfigurationError, match="no bucket no-such-bucket"):
            ask("a")
    with pytest.raises(ConfigurationError, match="no bucket no-such-bucket"):
        nowhere.put_new("a", b"")


def test_a_parameter_is_written_only_when_it_changes(live: Any, aws: AwsSession) -> None:
    parameters, name = AwsParameters(aws), f"/slot/{time.monotonic_ns()}"
    assert parameters.get(name) is None
    parameters.put(name, "a")
    parameters.put(name, "a")
    assert live.client("ssm").get_parameter(Name=name)["Parameter"]["Version"] == 1
    parameters.put(name, "b")
    assert parameters.get(name) == "b"


def test_a_secret_is_its_fields_and_never_in_an_error(live: Any, aws: AwsSession) -> None:
    manager, parameters, name = live.client("secretsmanager"), AwsParameters(aws), f"s/{time.monotonic_ns()}"
    with pytest.raises(ConfigurationError, match=f"no secret {name}"):
        parameters.secret(name)
    manager.create_secret(Name=name, SecretString=json.dumps({"username": "neo4j", "password": "hush"}))
    assert parameters.secret(name) == {"username": "neo4j", "password": "hush"}
    for wrong in ("hush", '["hush"]', '{"password": 1}'):
        manager.put_secret_value(SecretId=name, SecretString=wrong)
        with pytest.raises(ConfigurationError, match="not a JSON object") as caught:
            parameters.secret(name)
        assert "hush" not in str(caught.value)


def test_another_account_is_refused_naming_both(connect: Callable[..., AwsSession]) -> None:
    session = connect(account="210987654321")
    with pytest.raises(ConfigurationError, match=r"123456789012, .* names 210987654321"):
        AwsParameters(session).get("/a")
    assert StsIdentity(session).caller().endswith("user/runner")


def test_who_proved_a_statement_is_told_to_another_process(connect: Callable[..., AwsSession]) -> None:
    proof = StsIdentity(connect("alice")).prove("dco:n:d:approve")
    assert "alice" not in proof
    assert StsIdentity(connect("runner")).verify(proof, "dco:n:d:approve") == "arn:aws:iam::123456789012:user/alice"


def test_a_proof_of_something_else_or_with_a_changed_signature_is_forged(connect: Callable[..., AwsSession]) -> None:
    proof, identity = StsIdentity(connect("alice")).prove("dco:n:d:reject"), StsIdentity(connect())
    for forged, statement in (
        (proof, "dco:n:d:approve"),
        (proof[:-1] + ("0" if proof[-1] != "0" else "1"), "dco:n:d:reject"),
        (proof.replace("X-Amz-Expires=900", "X-Amz-Expires=899"), "dco:n:d:reject"),
    ):
        with pytest.raises(Refused, match="forged or expired"):
            identity.verify(forged, statement)


def test_a_proof_is_not_sent_anywhere_else(live: Any, connect: Callable[..., AwsSession]) -> None:
    proof = StsIdentity(connect("alice")).prove("s")
    elsewhere = f"http://127.9.1.23:1/?{urlsplit(proof).query}"
    with pytest.raises(Refused, match="was made for"):
        StsIdentity(connect()).verify(elsewhere, "s")
    assert live.world.endpoint in proof


def test_a_sts_that_does_not_answer_is_no_refusal(connect: Callable[..., AwsSession], broken: Break) -> None:
    identity = StsIdentity(connect())
    proof = identity.prove("s")
    broken("error", "sts", "GetCallerIdentity", status=503, user_agent="*")
    with pytest.raises(Unreadable, match="503"):
        identity.verify(proof, "s")
    broken("error", "sts", "GetCallerIdentity", status=403, code="SignatureDoesNotMatch", user_agent="*")
    with pytest.raises(Refused, match="forged or expired"):
        identity.verify(proof, "s")


def test_alarms_that_ring_are_told_with_their_reason(live: Any, aws: AwsSession) -> None:
    watch = live.client("cloudwatch")
    for name in ("calm", "loud"):
        watch.put_metric_alarm(
            AlarmName=name,
            Namespace="T",
            MetricName="m",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )
    watch.set_alarm_state(AlarmName="loud", StateValue="ALARM", StateReason="too many")
    alarms = CloudWatchAlarms(aws)
    assert alarms.ringing(["calm", "loud"]) == ("loud: too many",)
    assert alarms.ringing([]) == ()
    with pytest.raises(ConfigurationError, match="no alarm none"):
        alarms.ringing(["calm", "none"])


def test_a_topic_is_told_and_one_that_is_missing_is_said(live: Any, aws: AwsSession) -> None:
    topic = live.client("sns").create_topic(Name="night")["TopicArn"]
    assert AwsNotices(aws, Notify(sns_topic=topic)).send("Rolled back\nü", "It was bad.", {"night": "n"}) == ()
    told = AwsNotices(aws, Notify(sns_topic=topic + "-none")).send("s", "t", {})
    assert told[0].startswith(f"could not tell topic {topic}-none: ")
    assert AwsNotices(aws, Notify()).send("s", "t", {}) == ()


def application(live: Any, builder: GivenBuilder | CommandBuilder | CodeBuildBuilder) -> Application:
    return Application(repository=live.image.partition("@")[0], image_parameter="/i", builder=builder)


def test_a_given_image_is_the_one_of_the_revision(live: Any, aws: AwsSession, tmp_path: Path) -> None:
    images, parameters = AwsImages(aws, AwsParameters(aws)), AwsParameters(aws)
    given = application(live, GivenBuilder(parameter="/ci/{revision}"))
    with pytest.raises(StepFailed, match="/ci/abc names no image"):
        images.build(given, tmp_path, "abc", "t")
    parameters.put("/ci/abc", live.image.partition("@")[2])
    assert images.build(given, tmp_path, "abc", "t") == live.image
    parameters.put("/ci/abc", MISSING)
    with pytest.raises(StepFailed, match="the registry does not have"):
        images.build(given, tmp_path, "abc", "t")
    assert images.exists(live.image)
    assert not images.exists(f"{live.image.partition('@')[0]}@{MISSING}")


def test_a_command_builds_with_the_credentials_and_names_the_image_last(
    live: Any, aws: AwsSession, tmp_path: Path
) -> None:
    images = AwsImages(aws, AwsParameters(aws))
    digest = live.image.partition("@")[2]
    script = f"echo $AWS_PROFILE {{revision}}{{target}} >seen; echo building; echo {{repository}}@{digest}"
    builder = CommandBuilder(command=["/bin/sh", "-c", script])
    assert images.build(application(live, builder), tmp_path, "abc", "t") == live.image
    assert (tmp_path / "seen").read_text() == "runner abc\n"
    other = CommandBuilder(command=["echo", f"elsewhere@{digest}"])
    with pytest.raises(StepFailed, match="which is no digest in"):
        images.build(application(live, other), tmp_path, "abc", "t")
    with pytest.raises(StepFailed, match="named ''"):
        images.build(application(live, CommandBuilder(command=["true"])), tmp_path, "abc", "t")
