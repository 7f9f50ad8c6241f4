"""A world's databases as their stream and their slots see them."""

import json
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neo4j
from tests.real.nights.stage import Stage, await_that

from dco.model import slot
from dco.model.slot import Slot
from dco_sandbox import founding, stack
from dco_sandbox.server import processes_of

BUCKET = "credcoin-production-backup"
NAMES = {"neo4j", "system"}
BOOT_SECONDS = 240


class Carried:
    """One database: its parameters, its servers, and what the stream says of it."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self.name = name

    def parameter(self, name: str) -> str:
        return self.stage.client("ssm").get_parameter(Name=self._path(name))["Parameter"]["Value"]

    def put(self, name: str, value: str) -> None:
        self.stage.client("ssm").put_parameter(Name=self._path(name), Value=value, Type="String", Overwrite=True)

    def _path(self, name: str) -> str:
        return f"/credcoin/production/{self.name}/{name}"

    @property
    def slot(self) -> Slot:
        return slot.read(self.parameter("slot"), self._path("slot"))

    def apply(self, wanted: Slot) -> None:
        """Write the slot as dco does, and apply the stack as anybody does."""
        self.put("slot", wanted.text())
        stack.apply(self.stage.world)

    def instances(self) -> dict[str, tuple[str, str]]:
        """Give id and address of each colour that runs."""
        wanted = [
            {"Name": "tag:dco:database", "Values": [self.name]},
            {"Name": "instance-state-name", "Values": ["running"]},
        ]
        found = self.stage.client("ec2").describe_instances(Filters=wanted)["Reservations"]
        machines = [one for each in found for one in each["Instances"]]
        colours = [next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "dco:colour") for one in machines]
        places = [(one["InstanceId"], f"bolt://{one['PrivateIpAddress']}:7687") for one in machines]
        return dict(zip(colours, places, strict=True))

    def root(self, colour: str) -> Path:
        return self.stage.world.sandbox / "machines" / self.instances()[colour][0]

    def await_boot(self, colour: str) -> str:
        """Wait until the first boot has ended, and give what it said."""
        done = self.root(colour) / "var/lib/cloud/instance/sem-user-data"
        await_that(done.exists, f"{colour} boots", BOOT_SECONDS)
        said = (self.root(colour) / "var/log/cloud-init-output.log").read_text()
        assert done.read_text() == "exit 0\n", said
        return said

    def state(self) -> dict[str, Any]:
        """Give what the stream said last; nothing when it never did."""
        client = self.stage.client("s3")
        try:
            return json.load(client.get_object(Bucket=BUCKET, Key=f"stream/{self.name}/state.json")["Body"])
        except client.exceptions.NoSuchKey:
            return {}

    def parts(self, key: str) -> dict[str, Any]:
        return {name: part[key] for name, part in self.state().get("parts", {}).items() if part[key]}

    def run(self, colour: str, cypher: str) -> list[Any]:
        secret = self.stage.client("secretsmanager").get_secret_value(SecretId=f"credcoin/production/{self.name}")
        login = json.loads(secret["SecretString"])
        with (
            neo4j.GraphDatabase.driver(
                self.instances()[colour][1], auth=(login["username"], login["password"])
            ) as driver,
            driver.session() as session,
        ):
            return [record.values() for record in session.run(cypher)]  # pyright: ignore[reportArgumentType]

    @contextmanager
    def as_before(self) -> Generator[Slot]:
        """Give the slot, and have the database alone again afterwards, whatever a test left."""
        text, first = self.parameter("slot"), self.slot
        try:
            yield first
        finally:
            self.put("servers", json.dumps({"source": self.instances()[self.slot.colour][1]}))
            if self.slot.other is not None:
                self.apply(self.slot.retired("a test's", "a test's"))
                self.apply(self.slot.alone())
            self.put("slot", text)


def unit_process(stage: Stage, unit: str) -> int | None:
    """Give the pid of the one process that a unit has in the world, if it runs."""
    processes = processes_of(stage.world)
    children = [processes.find(name) for name in processes.names("machine-") if name.endswith(f"-{unit}")]
    return next((child.pid for child in children if child), None)


def kill_unit(stage: Stage, unit: str) -> int:
    """Kill a unit's process, and give what its pid was."""
    pid = unit_process(stage, unit)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def newest_image(stage: Stage, pattern: str) -> tuple[str, str]:
    """Give the newest machine image whose name fits, and its version."""
    return founding.newest_database_image(stage.world, pattern)
