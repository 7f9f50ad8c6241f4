"""A stack on a plain moto server: the sample's HCL, vendored as in a world's repository, and a real Terraform."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

from dco_sandbox import cache
from dco_sandbox.provider.install import cli_config, install

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
REGION = "eu-central-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/credcoin"
SMALL = """vpc_cidr = "127.250.0.0/16"
listener_port = 8080
egress = "none"
database_heap = "256m"
"""


def image(digit: int) -> str:
    """Give an image's name by digest."""
    return f"{REGISTRY}@sha256:{str(digit) * 64}"


@dataclass(frozen=True)
class Outcome:
    """What a run of Terraform said."""

    code: int
    text: str


@dataclass(frozen=True)
class Stack:
    """A directory with the HCL, an endpoint, and the Terraform that applies one to the other."""

    directory: Path
    endpoint: str
    binary: str

    @property
    def infra(self) -> Path:
        """The root module."""
        return self.directory / "repo" / "infra"

    def client(self, service: str) -> Any:
        """Give a client of the endpoint."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def environment(self) -> dict[str, str]:
        """Give Terraform's environment: nothing of the machine's own AWS or Terraform set-up."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "TF_CLI_CONFIG_FILE": str(self.directory / "terraform.rc"),
            "TF_IN_AUTOMATION": "1",
            "HOME": str(self.directory),
        }

    def run(self, *arguments: str) -> Outcome:
        """Run Terraform in the root module."""
        done = subprocess.run(
            [self.binary, *arguments],
            cwd=self.infra,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        return Outcome(done.returncode, done.stdout)

    def must(self, *arguments: str) -> str:
        """Run Terraform and demand that it succeeds."""
        outcome = self.run(*arguments)
        assert outcome.code == 0, outcome.text
        return outcome.text

    def init(self) -> str:
        """Prepare the root module with its S3 backend."""
        return self.must("init", "-input=false", "-no-color", "-backend-config=production.s3.tfbackend")

    def plan(self, *more: str) -> Outcome:
        """Plan: 0 is no changes, 2 is changes."""
        files = ("-var-file=production.tfvars", "-var-file=../../sandbox.tfvars")
        return self.run("plan", "-input=false", "-no-color", "-detailed-exitcode", *files, *more)

    def apply(self) -> str:
        """Plan to a file and apply it."""
        planned = self.plan("-out=../../plan.bin")
        assert planned.code in {0, 2}, planned.text
        return self.must("apply", "-input=false", "-no-color", "../../plan.bin")

    def changes(self, *more: str) -> dict[str, list[str]]:
        """Plan and give each changed resource with its actions."""
        planned = self.plan("-out=../../changes.bin", *more)
        assert planned.code in {0, 2}, planned.text
        shown = json.loads(self.must("show", "-json", "../../changes.bin"))
        found = {c["address"]: c["change"]["actions"] for c in shown.get("resource_changes", [])}
        return {address: actions for address, actions in found.items() if actions not in (["no-op"], ["read"])}


def lay_out(directory: Path, endpoint: str, binary: str) -> Stack:
    """Make the repository of a world as `dco-sandbox up` does, and what is there before the first apply."""
    repo = directory / "repo"
    shutil.copytree(ROOT / "examples" / "credcoin" / "infra", repo / "infra")
    shutil.copytree(ROOT / "terraform", repo / "terraform")
    (directory / "sandbox.tfvars").write_text(SMALL)
    install(directory / "mirror")
    (directory / "terraform.rc").write_text(cli_config(directory / "mirror"))
    stack = Stack(directory, endpoint, binary)
    _before_the_first_apply(stack)
    return stack


def _before_the_first_apply(stack: Stack) -> None:
    place = {"LocationConstraint": REGION}
    stack.client("s3").create_bucket(Bucket="credcoin-production-state", CreateBucketConfiguration=place)
    stack.client("ecr").create_repository(repositoryName="credcoin")
    machine = stack.client("ec2").register_image(Name="neo4j-5.26.30")["ImageId"]
    slot = json.dumps({"image": machine, "version": "5.26.30", "colour": "blue"})
    for database in ("ledger", "search"):
        secret = json.dumps({"username": "neo4j", "password": f"not-to-be-seen-{database}"})
        stack.client("secretsmanager").create_secret(Name=f"credcoin/production/{database}", SecretString=secret)
        key = json.dumps({"key": f"{database.encode().hex():0<64}"})
        stack.client("secretsmanager").create_secret(Name=f"credcoin/production/{database}-plugin", SecretString=key)
        put_slot(stack, f"{database}/slot", slot)
    key = json.dumps({"key": f"{b'not-to-be-seen'.hex():0<64}"})
    stack.client("secretsmanager").create_secret(Name="credcoin/production/gate", SecretString=key)
    put_slot(stack, "api/image", image(1))
    for part in ("stream", "gate"):
        put_slot(stack, f"{part}/image", stack.client("ec2").register_image(Name=f"dco-{part}-2026.11.01")["ImageId"])


def put_slot(stack: Stack, name: str, value: str) -> None:
    """Write a slot as dco does."""
    name = f"/credcoin/production/{name}"
    stack.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


@contextmanager
def moto_server(address: str) -> Generator[str]:
    """Serve plain moto on a loopback address, in a process of its own, and give the endpoint."""
    endpoint = f"http://{address}:4599"
    argv = [sys.executable, "-m", "moto.server", "-H", address, "-p", "4599"]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(endpoint)
        yield endpoint
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(endpoint: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{endpoint}/moto-api/data.json").raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < end, f"nothing answers at {endpoint}"
            time.sleep(0.1)
        else:
            return


def terraform() -> str:
    """Give the terraform that worlds use, or the one on PATH."""
    try:
        return str(cache.terraform())
    except cache.NotSetUpError:
        found = shutil.which("terraform")
        assert found, "there is no terraform: run `make setup`"
        return found
