"""Bad input, given to the real command line: said with the remedy, never taken for "no change"; the offering runs."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CONFIGURATION = """
name = "desk"
mode = "act"
[aws]
region = "eu-central-1"
config_file = "../aws.config"
credentials_file = "../aws.credentials"
profile = "desk"
[state]
bucket = "BUCKET"
directory = "../own"
[offering]
kind = "command"
command = ["sh", "-c", "echo ran >> ../offerings; echo the last word"]
[stacks.main]
directory = "infra"
backend_config = ["path=STATE"]
[verify]
bake_seconds = 0
[policy]
automatic_below = "never-ask"
"""
STACK = 'terraform {\n  backend "local" {}\n}\nresource "terraform_data" "size" {\n  input = "small"\n}\n'


class Desk:
    """A repository with a dco.toml, whose AWS is a server of our choice."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repo = root / "repo"
        self.bucket = f"desk-{os.urandom(6).hex()}"
        (self.repo / "infra").mkdir(parents=True)
        text = CONFIGURATION.replace("STATE", str(root / "state.json")).replace("BUCKET", self.bucket)
        (self.repo / "dco.toml").write_text(text)
        (self.repo / "infra/main.tf").write_text(STACK)
        self.credentials("[desk]\naws_access_key_id = AKIATEST\naws_secret_access_key = test\n")
        self.git("init", "-q", "-b", "main")
        self.commit("first")

    def credentials(self, text: str, endpoint: str = "http://127.0.0.1:9") -> None:
        (self.root / "aws.credentials").write_text(text)
        (self.root / "aws.config").write_text(f"[profile desk]\nendpoint_url = {endpoint}\n")

    def reach(self, endpoint: str) -> None:
        (self.root / "aws.config").write_text(f"[profile desk]\nendpoint_url = {endpoint}\n")

    def git(self, *words: str, directory: Path | None = None) -> str:
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        argv = ["git", *identity, *words]
        return subprocess.run(argv, cwd=directory or self.repo, capture_output=True, text=True, check=True).stdout

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def edit(self, old: str, new: str, file: str = "dco.toml") -> None:
        text = (self.repo / file).read_text()
        assert old in text
        (self.repo / file).write_text(text.replace(old, new))

    def dco(self, *words: str, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("PATH", "XDG_CACHE_HOME") if name in os.environ}
        # Terraform is found where set-up left it: below the real home's cache
        cache = {"XDG_CACHE_HOME": str(Path.home() / ".cache")}
        environment = {**cache, **kept, "HOME": str(self.root), "AWS_EC2_METADATA_DISABLED": "true"}
        argv = [sys.executable, "-m", "dco", "-C", str(directory or self.repo), *words]
        return subprocess.run(argv, capture_output=True, text=True, env=environment, check=False, timeout=120)

    def offerings(self) -> int:
        file = self.root / "offerings"
        return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """S3 and STS that answer."""
    script = "import sys; from moto.server import main; main(sys.argv[1:])"
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as probe:
        port = probe.server_port
    server = subprocess.Popen(
        [sys.executable, "-c", script, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(10)


def s3(endpoint: str) -> Any:
    import boto3  # noqa: PLC0415 - most tests here need none
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 8, "mode": "standard"}),
    )


@pytest.fixture
def adopted(desk: Desk, moto: str) -> Desk:
    """A desk whose AWS answers and whose first release is recorded."""
    where: Any = {"LocationConstraint": "eu-central-1"}
    s3(moto).create_bucket(Bucket=desk.bucket, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True)
    desk.reach(moto)
    done = desk.dco("adopt")
    assert done.returncode == 0, done.stderr
    return desk


def versions(endpoint: str, bucket: str) -> list[tuple[str, str]]:
    found = s3(endpoint).list_object_versions(Bucket=bucket)
    return sorted((v["Key"], v["VersionId"]) for v in [*found.get("Versions", []), *found.get("DeleteMarkers", [])])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("bake_seconds", "bake_secs", ["verify.bake_secs is no key", "did you mean bake_seconds?"]),
        ('directory = "infra"', "directory = 7", ["stacks.main.directory: expected `str`, got `int`"]),
        ("[state]", "[states]", ["states is no key", "did you mean state?"]),
    ],
)
def test_a_broken_section_stops_updates_and_not_the_offering(desk: Desk, old: str, new: str, words: list[str]) -> None:
    desk.edit(old, new)
    done = desk.dco("run")
    assert done.returncode == 2, done.stderr
    assert "dco.toml" in done.stderr
    for word in words:
        assert word in done.stderr
    assert desk.offerings() == 1
    assert "the offering ended well; updates are stopped" in done.stdout


def test_a_failing_offering_is_not_hidden_by_a_broken_section(desk: Desk) -> None:
    desk.edit("bake_seconds", "bake_secs")
    desk.edit("echo the last word", "echo the last word; false")
    done = desk.dco("run")
    assert done.returncode == 3
    assert "the last word" in done.stderr
    assert "bake_secs" in done.stderr


def test_without_an_offering_nothing_runs(desk: Desk) -> None:
    desk.edit("[offering]", "[offerings]")
    done = desk.dco("run")
    assert done.returncode == 2
    assert "offerings is no key" in done.stderr
    assert "did you mean offering?" in done.stderr
    assert desk.offerings() == 0


def test_every_command_says_what_is_wrong_with_a_broken_file(desk: Desk) -> None:
    (desk.repo / "dco.toml").write_text("name = [")
    for words in (["status"], ["plan"], ["rollback", "--why", "x"], ["serve"]):
        done = desk.dco(*words)
        assert (done.returncode, done.stderr[:6]) == (2, "Error:"), done.stderr
        assert "no TOML" in done.stderr
    doctor = desk.dco("doctor", "--json")
    assert doctor.returncode == 2
    assert [f["mark"] for f in json.loads(doctor.stdout) if f["what"] == "dco.toml"] == ["NG"]


@pytest.mark.parametrize(
    ("credentials", "code", "words"),
    [
        ("", 2, ["there are no usable AWS credentials", "aws sts get-caller-identity"]),
        pytest.param(
            "[desk]\naws_access_key_id = A\naws_secret_access_key = B\n",
            1,
            ["Could not connect", "check the network"],
            marks=pytest.mark.long,
        ),
    ],
)
def test_without_aws_the_offering_runs_and_nothing_is_updated(
    desk: Desk, credentials: str, code: int, words: list[str]
) -> None:
    desk.credentials(credentials)
    done = desk.dco("run")
    assert done.returncode == code, done.stdout + done.stderr
    for word in words:
        assert word in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert desk.offerings() == 1
    assert not (desk.root / "state.json").exists()


class _Expired(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET  # noqa: N815 - the base class's names

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        pass


def test_an_expired_token_asks_for_a_new_login(desk: Desk) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Expired) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        desk.reach(f"http://127.0.0.1:{server.server_port}")
        done = desk.dco("run")
        server.shutdown()
    assert done.returncode == 2, done.stdout + done.stderr
    assert "the AWS credentials have expired" in done.stdout
    assert "log in again" in done.stdout
    assert desk.offerings() == 1


def test_a_region_that_can_not_be_is_said(desk: Desk) -> None:
    desk.edit('region = "eu-central-1"', 'region = "eu central"')
    (desk.root / "aws.config").write_text("[profile desk]\n")
    done = desk.dco("status")
    assert done.returncode == 2, done.stderr
    assert "correct region" in done.stderr


def test_looking_writes_nothing_and_a_quiet_night_ends_well(adopted: Desk, moto: str) -> None:
    refused = adopted.dco("adopt")
    assert refused.returncode == 4
    assert "--again" in refused.stderr
    before = versions(moto, adopted.bucket)
    planned = adopted.dco("plan", "--json")
    assert planned.returncode == 0, planned.stderr
    found = adopted.dco("detect", "--json")
    assert {change["component"] for change in json.loads(found.stdout)["changes"]} == {"stack:main"}
    doctor = adopted.dco("doctor", "--json")
    marks = {f["what"]: (f["mark"], f["detail"]) for f in json.loads(doctor.stdout)}
    assert doctor.returncode == 0, marks
    assert marks["stack main"][0] == marks["bucket lock"][0] == marks["release record"][0] == "OK"
    assert versions(moto, adopted.bucket) == before


@pytest.mark.parametrize("how", ["dirty", "shallow", "lost"])
def test_a_repository_that_can_not_be_compared_is_never_quiet(adopted: Desk, how: str) -> None:
    directory, words = adopted.repo, ""
    if how == "dirty":
        adopted.edit("small", "large", "infra/main.tf")
        words = "uncommitted changes (infra/main.tf)"
    elif how == "shallow":
        (adopted.repo / "note").write_text("x")
        adopted.commit("second")
        directory = adopted.root / "clone"
        adopted.git("clone", "-q", "--depth", "1", f"file://{adopted.repo}", str(directory), directory=adopted.root)
        words = "git fetch --unshallow"
    else:
        adopted.git("commit", "-q", "--amend", "-m", "rewritten")
        adopted.git("reflog", "expire", "--expire=now", "--all")
        adopted.git("gc", "-q", "--prune=now")
        words = "is not in this repository"
    done = adopted.dco("run", directory=directory)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stdout
    assert "quiet" not in done.stdout.lower()
    assert adopted.offerings() == 1


def test_terraform_that_does_not_parse_is_named_with_file_and_line(adopted: Desk) -> None:
    adopted.edit('input = "small"', "input = = 1", "infra/main.tf")
    adopted.commit("broken")
    plan = adopted.dco("plan")
    assert "would stop: can't tell what changed: stack:main" in plan.stdout, plan.stdout + plan.stderr
    done = adopted.dco("run")
    assert done.returncode == 4, done.stdout
    assert "main.tf:5" in done.stdout
    assert not (adopted.root / "state.json").exists()


def test_a_journal_with_a_flipped_byte_is_found(adopted: Desk, moto: str) -> None:
    assert adopted.dco("journal", "verify").returncode == 0
    client = s3(moto)
    key = client.list_objects_v2(Bucket=adopted.bucket, Prefix="journal/")["Contents"][0]["Key"]
    body = client.get_object(Bucket=adopted.bucket, Key=key)["Body"].read()
    client.put_object(Bucket=adopted.bucket, Key=key, Body=body.replace(b"records", b"recordz"))
    done = adopted.dco("journal", "verify")
    assert done.returncode == 6
    assert "entry 1" in done.stdout


@pytest.mark.long
def test_a_stack_goes_forward_and_back_and_what_was_left_stays_out(adopted: Desk) -> None:
    def size() -> str:
        state = json.loads((adopted.root / "state.json").read_text())
        return str(state["resources"][0]["instances"][0]["attributes"]["input"]["value"])

    first = adopted.dco("run")
    assert first.returncode == 0, first.stdout
    assert size() == "small"
    adopted.edit("small", "large", "infra/main.tf")
    adopted.commit("large")
    assert adopted.dco("run").returncode == 0
    assert size() == "large"
    back = adopted.dco("rollback", "--why", "it costs too much")
    assert back.returncode == 0, back.stdout + back.stderr
    assert size() == "small"
    night = json.loads(adopted.dco("history", "--json").stdout)[-1]["night"]
    told = adopted.dco("explain", night).stdout
    assert "it costs too much" in told
    assert "deployed" in told
    again = adopted.dco("run")
    assert again.returncode == 4, again.stdout
    assert "is kept out: it costs too much" in again.stdout
    assert size() == "small"
