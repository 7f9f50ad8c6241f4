"""docs/restore.md is typed line by line against a database that is in use."""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.real.plugin.conftest import Make
from tests.real.plugin.servers import KEY, OLDER, PASSWORD, Server, plugin_jar
from tests.real.plugin.writing import Writers
from tests.real.stream.conftest import MakeLab
from tests.real.stream.lab import Lab, until

from dco_sandbox import cache

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[3]
BLOCK = re.compile(r"^```(console|toml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SERVERS = "/credcoin/production/ledger/servers"
DCO_TOML = """
name = "production"
[aws]
region = "eu-central-1"
[state]
bucket = "{bucket}"
[offering]
kind = "command"
command = ["true"]
[databases.ledger]
uri_parameter = "/credcoin/production/ledger/uri"
secret = "credcoin/production/ledger"
slot = "/credcoin/production/ledger/slot"
plugin_secret = "credcoin/production/ledger-plugin"
servers_parameter = "/credcoin/production/ledger/servers"
invariants = {{ homes = "MATCH (h:Home) RETURN count(h) = 3" }}
"""


class Desk:
    """Where a person sits: dco.toml, the bucket, parameters and secrets, and a Neo4j in the place the page names."""

    def __init__(self, directory: Path, site: Lab, address: str) -> None:
        self.directory = directory
        self.site = site
        self.bucket = f"credcoin-production-dco-{secrets.token_hex(4)}"
        self._make_account(address)
        (directory / "dco.toml").write_text(DCO_TOML.format(bucket=self.bucket))
        home = directory / "opt" / "versions" / "neo4j"
        (home / "plugins").mkdir(parents=True)
        (home / "plugins" / "dco.jar").symlink_to(plugin_jar(OLDER))
        (home / "lib").symlink_to(cache.neo4j_home(OLDER) / "lib")
        (directory / "opt" / "bin").mkdir()
        (directory / "opt" / "bin" / "java").symlink_to(cache.java())
        self.words = {
            "/opt/neo4j": str(home),
            "/var/lib/neo4j": str(directory / "data"),
            "credcoin-production-dco": self.bucket,
        }

    def _make_account(self, address: str) -> None:
        place: Any = {"LocationConstraint": "eu-central-1"}
        boto3.client("s3").create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True
        )
        manager, ssm = boto3.client("secretsmanager"), boto3.client("ssm")
        for name, secret in (
            ("ledger", {"username": "neo4j", "password": PASSWORD}),
            ("ledger-plugin", {"key": KEY.hex()}),
        ):
            words: Any = {"Name": f"credcoin/production/{name}", "SecretString": json.dumps(secret)}
            try:
                manager.create_secret(**words)
            except manager.exceptions.ResourceExistsException:  # what moto holds outlives its server
                manager.put_secret_value(SecretId=words["Name"], SecretString=words["SecretString"])
        ssm.put_parameter(Name=SERVERS, Value=json.dumps({"source": address}), Type="String", Overwrite=True)

    def type(self, line: str) -> str:
        """Type a line in a shell, as the page has it but for names, times and places."""
        for word, meant in self.words.items():
            line = line.replace(word, meant)
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-ec", line], cwd=self.directory, env={**self.site.environment, "PATH": programs},
            capture_output=True, text=True, check=False, timeout=250,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def keep(self, blue: Server) -> int:
        """Let the stream of dco's own making keep what is written; give a moment in the middle."""
        self.type("dco backup status")
        self.site.file = self.directory / ".dco" / "stream.toml"
        self.site.start()
        with Writers(blue) as writers:
            self.site.await_base()
            writers.wait_for(20)
            moment = int(time.time() * 1000)
            writers.wait_for(20)
        self.site.await_covered(moment)
        return moment


def test_the_runbook_works_line_by_line(make: Make, lab: MakeLab, tmp_path: Path) -> None:
    blue, new = make(), make()
    blue.start()
    directory = tmp_path / "desk"
    directory.mkdir()
    desk = Desk(directory, lab(), f"bolt://{blue.address}:7687")
    moment = desk.keep(blue)
    desk.words["2026-11-26T03:15:00Z"] = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(moment / 1000))}Z"
    desk.words["10.0.1.9"] = blue.address
    said: list[str] = []
    for kind, text in BLOCK.findall((ROOT / "docs" / "restore.md").read_text()):
        if kind == "toml":
            (directory / "stream.toml").write_text(text.replace("credcoin-production-dco", desk.bucket))
            continue
        said += [desk.type(line.removeprefix("$ ")) for line in text.splitlines()]
    told = "\n".join(said)
    assert "1 invariants hold" in told
    assert "has restored ledger" in told
    assert not list((directory / "data" / "restored" / "dco").glob("*.fence"))
    until(lambda: len(desk.site.archive.manifests()[0]) > 1, f"no second copy: {desk.site.log[-1000:]}")
    (directory / "data" / "restored").rename(new.home / "data")
    new.start()
    assert new.run("MATCH (h:Home) RETURN count(h) AS homes") == [{"homes": 3}]
    new.run("CREATE (:Written {writer: 9, id: 1})")
