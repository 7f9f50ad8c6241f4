"""`boot.sh`, rendered by Terraform as it is for EC2, boots a real Neo4j under another root."""

import base64
import contextlib
import os
import signal
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from neo4j import GraphDatabase
from tests.real.terraform_stack import Stack, lay_out, moto_server, terraform

from dco_plugin.plugin import Plugin
from dco_plugin.signing import read_key
from dco_sandbox.machines import root
from dco_sandbox.world import World

ADDRESS = "127.8.5.1"
OWN = "127.8.5.20"
# Stands for systemd: starts the unit's command once, and notes what was asked.
SYSTEMCTL = """#!/bin/bash
echo "$*" >>"$DCO_ROOT/asked"
[ "$*" = "enable --now neo4j.service" ] || exit 0
[ ! -e "$DCO_ROOT/pid" ] || exit 0
unit=$DCO_ROOT/etc/systemd/system/neo4j.service
setsid env $(sed -n 's/^Environment=//p' "$unit") $(sed -n 's/^ExecStart=//p' "$unit") \\
    >"$DCO_ROOT/said" 2>&1 </dev/null &
echo $! >"$DCO_ROOT/pid"
"""


@dataclass(frozen=True)
class Machine:
    directory: Path
    environment: dict[str, str]

    def boot(self) -> tuple[int, str]:
        done = subprocess.run(
            [self.directory / "boot.sh"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=200,
            check=False,
        )
        return done.returncode, done.stdout

    def files(self) -> dict[str, int]:
        below = [self.directory / "etc", self.directory / "var/lib/neo4j/data/dbms/auth.ini"]
        found = [path for each in below for path in ([each, *each.rglob("*")])]
        return {str(path): path.stat().st_mtime_ns for path in found if path.is_file()}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    with moto_server(ADDRESS) as endpoint:
        made = lay_out(tmp_path_factory.mktemp("boot"), endpoint, terraform())
        made.init()
        files = ("-var-file=production.tfvars", "-var-file=../../sandbox.tfvars")
        made.must("apply", "-input=false", "-auto-approve", "-no-color", "-target=module.database", *files)
        yield made


@pytest.fixture
def machine(stack: Stack, tmp_path: Path) -> Generator[Machine]:
    place = tmp_path / "machine"
    place.mkdir()
    root.lay_out(place, ["5.26.30"])
    volume = tmp_path / "volume"
    volume.mkdir()
    (place / "dev" / "sdf").symlink_to(volume)
    (place / "bin" / "systemctl").write_text(SYSTEMCTL)
    (place / "boot.sh").write_text(user_data(stack))
    (place / "boot.sh").chmod(0o755)
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": stack.endpoint}
    try:
        yield Machine(place, {**root.environment(World(tmp_path, 8), place, OWN, {}), **keys})
    finally:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.killpg(int((place / "pid").read_text()), signal.SIGTERM)


def user_data(stack: Stack) -> str:
    ec2 = stack.client("ec2")
    filters = [{"Name": "tag:dco:database", "Values": ["ledger"]}]
    found = ec2.describe_instances(Filters=filters)["Reservations"][0]["Instances"][0]
    answer = ec2.describe_instance_attribute(InstanceId=found["InstanceId"], Attribute="userData")
    return base64.b64decode(answer["UserData"]["Value"]).decode()


def test_an_instance_boots_into_its_database_and_a_second_boot_changes_nothing(machine: Machine) -> None:
    code, said = machine.boot()
    assert code == 0, said
    assert f"Neo4j 5.26.30 answers for ledger on {OWN}:7687, serving." in said
    with GraphDatabase.driver(f"bolt://{OWN}:7687", auth=("neo4j", "not-to-be-seen-ledger")) as driver:
        records, _, _ = driver.execute_query("CREATE (a:Account {handle: 'ann'}) RETURN a.handle AS handle")
        assert [record["handle"] for record in records] == ["ann"]
        plugin = Plugin(driver, read_key(machine.directory / "etc/neo4j/dco.key"))
        assert plugin.one("status", "neo4j")["fenced"] is False
        plugin.close()
    assert (machine.directory / "etc/neo4j/dco.key").stat().st_mode & 0o777 == 0o600
    before = machine.files()
    code, again = machine.boot()
    assert code == 0, again
    assert machine.files() == before
    assert "Wrote" not in again
    assert "not-to-be-seen" not in said + again + (machine.directory / "said").read_text()
    assert not list(machine.directory.rglob("password*"))
    assert (machine.directory / "var/lib/neo4j").is_symlink()


def test_an_image_without_the_slots_version_is_refused_in_a_sentence(machine: Machine) -> None:
    (machine.directory / "opt/neo4j/5.26.30").unlink()
    code, said = machine.boot()
    assert code == 1
    assert "The image has no Neo4j 5.26.30" in said
    assert not (machine.directory / "asked").exists()
