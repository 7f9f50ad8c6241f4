"""A world with the live layers and nothing else: a daemon, a network, a cluster, images of a small server."""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from dco_sandbox.images import registry, store
from dco_sandbox.images.tree import entry
from dco_sandbox.server import processes_of
from dco_sandbox.world import World, create

DAEMON = """
import sys, warnings
from pathlib import Path
from dco_sandbox import server
from dco_sandbox.world import load
world = load(Path(sys.argv[1]))
server.prepare_environment(world)
from dco_sandbox.alarms.layer import AlarmLayer
from dco_sandbox.ecs.layer import EcsLayer
from dco_sandbox.elb.layer import ElbLayer
from dco_sandbox.images.layer import ImageLayer
from dco_sandbox.trail.layer import TrailLayer
warnings.filterwarnings("ignore")
server.serve(world, [ImageLayer(), ElbLayer(), EcsLayer(boot_seconds=2.5), AlarmLayer(), TrailLayer()], validate=True)
"""
# Notes its own start and end, so that a test can tell whether two ever ran at the same time.
APP = """
import http.server, os, signal, sys, threading, time
mode = os.environ.get("MODE", "good")
record = open(os.environ["RECORD"], "a", buffering=1) if "RECORD" in os.environ else None
def note(what):
    if record: record.write(f"{what} {time.time()} {os.environ['VERSION']} {os.getpid()}\\n")
note("start")
print("version", os.environ["VERSION"], "starts", flush=True)
if mode == "exit": print("cannot go on", flush=True); note("end"); sys.exit(3)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        bad = mode == "sick" or (mode == "errors" and self.path == "/boom")
        body = f"{os.environ['VERSION']} {os.environ.get('SECRET', '')}".encode()
        self.send_response(503 if bad and mode == "sick" else 500 if bad else 200)
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *a): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
server = Server((os.environ["HOST"], 8080), Handler)
def end(*_): threading.Thread(target=server.shutdown).start()
signal.signal(signal.SIGTERM, end)
server.serve_forever(); server.server_close(); note("end")
"""
JOB = "import os, sys; print('the job is done'); sys.exit(int(os.environ['CODE']))\n"


@dataclass
class Live:
    """The world, its clients and what the tests share in it."""

    world: World
    subnets: list[str]
    group: str
    image: str
    clients: dict[str, Any] = field(default_factory=dict[str, Any])
    daemon: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def client(self, name: str) -> Any:
        if name not in self.clients:
            self.clients[name] = boto3.client(
                name,  # pyright: ignore[reportArgumentType, reportCallIssue] - any of the services used here
                endpoint_url=self.world.endpoint,
                region_name=self.world.region,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"max_attempts": 6}),
            )
        return self.clients[name]

    @property
    def ecs(self) -> Any:
        return self.client("ecs")

    @property
    def elb(self) -> Any:
        return self.client("elbv2")

    @property
    def network(self) -> dict[str, Any]:
        return {"awsvpcConfiguration": {"subnets": self.subnets, "securityGroups": [self.group]}}

    def define(self, family: str, version: str = "1", *, image: str = "", **container: Any) -> str:
        environment = {"VERSION": version, **container.pop("environment", {})}
        definition = {
            "name": "app",
            "image": image or self.image,
            "stopTimeout": 3,
            "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": key, "value": value} for key, value in environment.items()],
            **container,
        }
        answer = self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[definition],
        )
        return answer["taskDefinition"]["taskDefinitionArn"]

    def balancer(self, name: str, port: int = 8080, delay: int = 3) -> tuple[str, str]:
        """Make a load balancer with a listener; returns the URL and the target group's ARN."""
        made = self.elb.create_load_balancer(Name=name, Subnets=self.subnets)["LoadBalancers"][0]
        group = self.target_group(name, delay)
        action = {"Type": "forward", "TargetGroupArn": group}
        self.elb.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=port, DefaultActions=[action]
        )
        return f"http://{made['DNSName']}:{port}", group

    def target_group(self, name: str, delay: int = 3) -> str:
        answer = self.elb.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=8080,
            VpcId=self.client("ec2").describe_subnets(SubnetIds=self.subnets)["Subnets"][0]["VpcId"],
            TargetType="ip",
            HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5,
            UnhealthyThresholdCount=2,
        )
        arn = answer["TargetGroups"][0]["TargetGroupArn"]
        attribute = {"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}
        self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[attribute])
        return arn

    def serve(self, name: str, definition: str, count: int = 2, group: str = "", **more: Any) -> None:
        balancers = [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}] if group else []
        self.ecs.create_service(
            cluster="live",
            serviceName=name,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration=self.network,
            loadBalancers=balancers,
            **more,
        )

    def service(self, name: str) -> dict[str, Any]:
        return self.ecs.describe_services(cluster="live", services=[name])["services"][0]

    def primary(self, name: str) -> dict[str, Any]:
        return next(d for d in self.service(name)["deployments"] if d["status"] == "PRIMARY")

    def stable(self, name: str, seconds: float = 120) -> None:
        def settled() -> bool:
            found = self.service(name)
            done = [d["rolloutState"] for d in found["deployments"]] == ["COMPLETED"]
            return done and found["runningCount"] == found["desiredCount"] and found["pendingCount"] == 0

        wait(settled, seconds, lambda: str(self.service(name)["events"][:6]))

    def tasks(self, name: str, state: str = "RUNNING") -> list[dict[str, Any]]:
        arns = self.ecs.list_tasks(cluster="live", serviceName=name, desiredStatus=state)["taskArns"]
        return self.ecs.describe_tasks(cluster="live", tasks=arns)["tasks"] if arns else []

    def gone(self, name: str) -> None:
        self.ecs.delete_service(cluster="live", service=name, force=True)
        wait(lambda: self.service(name)["status"] == "INACTIVE", 90)

    def start_daemon(self) -> None:
        argv = [sys.executable, "-c", DAEMON, str(self.world.directory)]
        with (self.world.directory / "daemon.log").open("ab") as log:
            self.daemon.append(subprocess.Popen(argv, stdout=log, stderr=log))
        wait(self._answers, 60)

    def _answers(self) -> bool:
        try:
            self.ecs.list_clusters()
        except EndpointConnectionError:
            return False
        return True


def wait(condition: Callable[[], object], seconds: float, tell: Callable[[], str] = str) -> None:
    end = time.monotonic() + 3 * seconds  # that long on a machine of its own; here others work, too
    while not condition():
        assert time.monotonic() < end, f"not so within {seconds} s {tell()}"
        time.sleep(0.1)


def get(url: str, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(url, method=method, data=b"" if method == "POST" else None)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One daemon for all tests of the live layers; each uses services of its own."""
    if shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.fail("haproxy is not installed: apt-get install haproxy")
    world = create(tmp_path_factory.mktemp("live"), minute_seconds=2.0)
    made = Live(world, [], "", "")
    try:
        made.start_daemon()
        _furnish(made)
        yield made
    finally:
        made.daemon[-1].terminate()
        made.daemon[-1].wait(20)
        processes_of(world).stop_all()
    violations = world.sandbox / "violations.jsonl"
    assert not violations.exists(), f"answers differ from AWS's model: {violations.read_text()}"


def _furnish(live: Live) -> None:
    ec2, ecr = live.client("ec2"), live.client("ecr")
    vpc = ec2.create_vpc(CidrBlock=f"127.{live.world.number}.0.0/16")["Vpc"]["VpcId"]
    live.subnets += [
        ec2.create_subnet(VpcId=vpc, CidrBlock=live.world.address(third, 0) + "/24")["Subnet"]["SubnetId"]
        for third in (20, 21)
    ]
    live.group = ec2.create_security_group(GroupName="live", Description="live", VpcId=vpc)["GroupId"]
    live.ecs.create_cluster(clusterName="live")
    ecr.create_repository(repositoryName="small")
    source = live.world.directory / "app.py"
    source.write_text(APP)
    job = live.world.directory / "job.py"
    job.write_text(JOB)
    tree = {"app/app.py": entry(source), "app/job.py": entry(job)}
    settings = store.Settings(command=("python", "app.py"), working_directory="/app")
    image = store.save(live.world, [tree], settings)
    digest = registry.push(live.world, ecr, "small", "latest", image)
    live.image = registry.reference(live.world, "small", digest)


@pytest.fixture(scope="session")
def tools() -> tuple[Callable[..., None], Callable[..., tuple[int, str]]]:
    """`wait` and `get`, which test files can't import from here."""
    return wait, get
