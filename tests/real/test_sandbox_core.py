"""The daemon: what it answered survives kill -9, faults look like AWS's own, and it listens on loopback only."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from dco_sandbox import access, calls, world
from dco_sandbox.processes import marked
from dco_sandbox.server import processes_of
from dco_sandbox.world import World

# No layer but one that breaks, and one that leaves a process behind: this room tests the daemon itself.
DAEMON = """
import os, sys
from pathlib import Path
from dco_sandbox import server
from dco_sandbox.world import load

class Breaks:
    def install(self, runtime): pass
    def tick(self, runtime): raise LookupError("nothing to see")

class Sleeps:
    def install(self, runtime): runtime.pages["/_test/"] = lambda path: {"path": path}
    def tick(self, runtime): runtime.processes.start("sleeper", ["sleep", "600"], env=os.environ, cwd=Path("/"))

world = load(Path(sys.argv[1]))
server.prepare_environment(world)
server.serve(world, [Breaks(), Sleeps()], validate=True)
"""


@dataclass
class Daemon:
    """A daemon that tests may kill and start again."""

    world: World
    process: subprocess.Popen[bytes]

    def client(self, service: Any, key: str = access.FOUNDER, **config: Any) -> Any:
        session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=key, region_name=self.world.region)
        once = Config(retries={"total_max_attempts": 1}, **config)
        return session.client(service, endpoint_url=self.world.endpoint, config=once)

    def control(self, method: str, path: str, **body: Any) -> Any:
        return access.control(self.world, method, path, body or None)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        self.process = begin(self.world)


def begin(of: World) -> subprocess.Popen[bytes]:
    log = (of.directory / "daemon.log").open("ab")
    with log:
        process = subprocess.Popen([sys.executable, "-c", DAEMON, str(of.directory)], stdout=log, stderr=log)
    until(lambda: process.poll() is not None or answers(of))
    assert process.poll() is None, (of.directory / "daemon.log").read_text()
    return process


def answers(of: World) -> bool:
    try:
        access.control(of, "GET", "status")
    except world.WorldError:
        return False
    return True


def until(condition: Callable[[], object], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    made = world.create(tmp_path_factory.mktemp("core") / "world")
    running = Daemon(made, begin(made))
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait(20)
        processes_of(made).stop_all()
        world.forget(made)
    assert marked(made.sandbox / "processes") == []
    violations = made.sandbox / "violations.jsonl"
    assert not violations.exists(), violations.read_text()


@pytest.fixture(autouse=True)
def no_faults(daemon: Daemon) -> Iterator[None]:
    yield
    daemon.control("DELETE", "faults")


def test_what_was_answered_survives_kill_9(daemon: Daemon) -> None:
    s3, ssm, ec2, ecr = (daemon.client(service) for service in ("s3", "ssm", "ec2", "ecr"))
    place = {"LocationConstraint": daemon.world.region}
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket="kept", Key="a key/ü", Body=b"body" * 20_000)
    ssm.put_parameter(Name="/kept", Value="a value", Type="String", Tags=[{"Key": "a", "Value": "b"}])
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ecr.create_repository(repositoryName="kept")
    daemon.client("secretsmanager").create_secret(Name="kept", SecretString="quiet")
    daemon.client("logs").create_log_group(logGroupName="kept")
    group = ec2.create_security_group(GroupName="kept", Description="-", VpcId=vpc)["GroupId"]
    daemon.kill()
    daemon.restart()
    assert s3.get_object(Bucket="kept", Key="a key/ü")["Body"].read() == b"body" * 20_000
    assert ssm.get_parameter(Name="/kept")["Parameter"]["Value"] == "a value"
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/kept")["TagList"]
    found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert (found["VpcId"], ecr.describe_repositories()["repositories"][0]["repositoryName"]) == (vpc, "kept")
    # A subnet is made through a reference from one object to another: after a restart they are one world again.
    assert ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["VpcId"] == vpc


def test_processes_go_on_and_are_found_again(daemon: Daemon) -> None:
    until(lambda: processes_of(daemon.world).find("sleeper"))
    before = processes_of(daemon.world).find("sleeper")
    daemon.kill()
    daemon.restart()
    until(lambda: any(row["layer"] == "Sleeps" and row["passes"] for row in daemon.control("GET", "status")["layers"]))
    after = processes_of(daemon.world).find("sleeper")
    assert before is not None
    assert after is not None
    assert before.pid == after.pid


def test_a_layer_that_breaks_is_shown_and_stops_no_other(daemon: Daemon) -> None:
    def seen() -> bool:
        rows = {row["layer"]: row for row in daemon.control("GET", "status")["layers"]}
        return rows["Breaks"]["last_error"] == "LookupError: nothing to see" and rows["Sleeps"]["passes"] > 1

    until(seen)
    assert (daemon.world.directory / "daemon.log").read_text().count("nothing to see") < 10


@pytest.mark.parametrize(("service", "action", "code"), [
    ("ecs", "list_clusters", "ThrottlingException"),
    ("ec2", "describe_vpcs", "RequestLimitExceeded"),
    ("s3", "list_buckets", "SlowDown"),
    ("elbv2", "describe_load_balancers", "Throttling"),
    ("cloudwatch", "describe_alarms", "ThrottlingException"),
    ("ssm", "describe_parameters", "ThrottlingException"),
    ("sns", "list_topics", "Throttled"),
])  # fmt: skip
def test_throttling_has_the_shape_of_the_protocol(daemon: Daemon, service: str, action: str, code: str) -> None:
    client = daemon.client(service)
    api_name = client.meta.method_to_api_mapping[action]
    daemon.control("POST", "faults", kind="throttle", service=service, action=api_name, count=1)
    with pytest.raises(ClientError) as raised:
        getattr(client, action)()
    assert raised.value.response.get("Error", {}).get("Code") == code
    getattr(client, action)()


def test_an_error_has_the_code_that_was_asked_for(daemon: Daemon) -> None:
    daemon.control("POST", "faults", kind="error", service="ssm", code="ParameterNotFound", count=1)
    ssm = daemon.client("ssm")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.describe_parameters()


def test_a_lost_response_has_its_effect(daemon: Daemon) -> None:
    daemon.control("POST", "faults", kind="lose-response", service="ssm", action="PutParameter", count=1)
    ssm = daemon.client("ssm")
    with pytest.raises(ConnectionClosedError):
        ssm.put_parameter(Name="/lost", Value="there", Type="String")
    assert ssm.get_parameter(Name="/lost")["Parameter"]["Value"] == "there"


def test_a_delay_holds_up_only_the_call_that_it_hits(daemon: Daemon) -> None:
    sts, ecs = daemon.client("sts"), daemon.client("ecs")
    sts.get_caller_identity()  # the first call loads moto's backend, which may take a second on a busy machine
    daemon.control("POST", "faults", kind="delay", service="ecs", seconds=3)
    began = time.monotonic()
    sts.get_caller_identity()
    between = time.monotonic()
    ecs.list_clusters()
    assert between - began < 3 <= time.monotonic() - between


@pytest.mark.parametrize(("when", "there"), [("before", False), ("after", True)])
def test_a_caller_is_killed_before_or_after_the_effect(daemon: Daemon, when: str, there: bool) -> None:
    name = f"/killed/{when}"
    caller = (
        "import boto3, sys;"
        "s = boto3.Session(aws_access_key_id='a', aws_secret_access_key='b', region_name='eu-central-1');"
        "c = s.client('ssm', endpoint_url=sys.argv[1]); input();"
        "c.put_parameter(Name=sys.argv[2], Value='v', Type='String'); c.get_parameter(Name=sys.argv[2])"
    )
    command = [sys.executable, "-c", caller, daemon.world.endpoint, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        daemon.control(
            "POST", "faults", kind="signal", pid=process.pid, when=when, action="PutParameter", service="ssm", count=1
        )
        process.communicate(b"\n")
    assert process.returncode == -signal.SIGKILL
    known = daemon.client("ssm").get_parameters(Names=[name])["Parameters"]
    assert bool(known) is there


def test_chosen_reads_are_stale_for_a_while_and_no_others(daemon: Daemon) -> None:
    ssm = daemon.client("ssm")
    ssm.put_parameter(Name="/stale", Value="old", Type="String")
    daemon.control("POST", "stale", service="ssm", action="GetParameter", seconds=0.8)
    ssm.put_parameter(Name="/stale", Value="new", Type="String", Overwrite=True)
    ssm.put_parameter(Name="/stale/born", Value="v", Type="String")
    changed = time.monotonic()
    assert ssm.get_parameter(Name="/stale")["Parameter"]["Value"] == "old"
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/stale/born")
    assert ssm.get_parameters(Names=["/stale"])["Parameters"][0]["Value"] == "new"
    until(lambda: ssm.get_parameter(Name="/stale")["Parameter"]["Value"] == "new", 5)
    assert time.monotonic() - changed > 0.7


def test_the_log_tells_who_called_what(daemon: Daemon) -> None:
    iam = daemon.client("iam")
    iam.create_user(UserName="alice")
    key = iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    assert daemon.client("sts", key).get_caller_identity()["Arn"].endswith(":user/alice")
    s3 = daemon.client("s3", key, user_agent_extra="dco-test/1")
    s3.create_bucket(Bucket="logged", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="logged", Key="k", Body=b"v")
    s3.get_object(Bucket="logged", Key="k")
    s3.head_object(Bucket="logged", Key="k")
    s3.list_objects_v2(Bucket="logged")
    s3.put_bucket_versioning(Bucket="logged", VersioningConfiguration={"Status": "Enabled"})
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "logged", "Key": "k"})
    subprocess.run(["curl", "-sf", url], check=True, capture_output=True)
    lines = [line for line in calls.read(daemon.world.sandbox / "calls.jsonl") if line.user == "alice"]
    assert [(line.service, line.action, line.mutating) for line in lines] == [
        ("sts", "GetCallerIdentity", False),
        ("s3", "CreateBucket", True),
        ("s3", "PutObject", True),
        ("s3", "GetObject", False),
        ("s3", "HeadObject", False),
        ("s3", "ListObjectsV2", False),
        ("s3", "PutBucketVersioning", True),
        ("s3", "GetObject", False),
    ]
    assert {line.status for line in lines} == {200}
    assert "dco-test/1" in lines[1].user_agent


def test_pages_of_layers_and_what_is_nowhere(daemon: Daemon) -> None:
    done = subprocess.run(["curl", "-s", f"{daemon.world.endpoint}/_test/a"], check=True, capture_output=True)
    assert json.loads(done.stdout) == {"path": "/_test/a"}
    with pytest.raises(world.WorldError, match="404"):
        daemon.control("GET", "nowhere")
    with pytest.raises(world.WorldError, match="unknown field"):
        daemon.control("POST", "faults", kind="throttle", sevice="ecs")


def test_two_worlds_side_by_side_share_nothing_and_listen_on_loopback(daemon: Daemon, tmp_path: Path) -> None:
    made = world.create(tmp_path / "other")
    other = Daemon(made, begin(made))
    try:
        daemon.client("ssm").put_parameter(Name="/mine", Value="v", Type="String")
        assert other.client("ssm").describe_parameters()["Parameters"] == []
        assert made.number != daemon.world.number
        for running in (daemon, other):
            assert listens_on(running.process.pid) == {running.world.address(0, 1)}
    finally:
        other.process.terminate()
        other.process.wait(20)
        processes_of(made).stop_all()
        world.forget(made)


def listens_on(pid: int) -> set[str]:
    connections = psutil.Process(pid).net_connections("inet")
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}


def test_sigterm_ends_the_daemon_and_leaves_processes(daemon: Daemon) -> None:
    until(lambda: processes_of(daemon.world).find("sleeper"))
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(20) == 0
    child = processes_of(daemon.world).find("sleeper")
    assert child is not None
    os.kill(child.pid, 0)
    daemon.restart()
