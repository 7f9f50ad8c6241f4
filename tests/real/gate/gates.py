"""Gates as processes of their own, in front of two Neo4j servers that began as copies of one another."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import httpx
import msgspec
from moto.server import ThreadedMotoServer
from neo4j import Driver, GraphDatabase
from tests.real.plugin.servers import PASSWORD, Server

from dco_gate.control import Control
from dco_gate.record import Decision, now
from dco_gate.settings import Address
from dco_gate.state import Candidates
from dco_gate.status import Status

BUCKET = "decisions"
KEY = bytes.fromhex("6b" * 32)
COMMAND = Path(sys.executable).parent / "dco-gate"
AUTH = ("neo4j", PASSWORD)
CONFIGURATION = """
state_directory = "state"
{more}
[record]
bucket = "decisions"
prefix = "gate-tests"
[control]
listen = "{address}:7690"
key_file = "gate.key"
[databases.ledger]
listen = "{address}:7687"
advertised = "{address}:7687"
servers = {{ blue = "{blue}", green = "{green}" }}
bypass_parameter = "/tests/ledger/uri"
{tls}
"""


class Bucket:
    """Where decisions are kept, on an S3 that can be stopped and that comes back as it was."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.endpoint = f"http://{address}:4570"
        self._server = ThreadedMotoServer(address, 4570, verbose=False)
        self._server.start()
        self.s3: Any = boto3.client("s3", **self._place)
        self.s3.create_bucket(Bucket=BUCKET)
        self.ssm: Any = boto3.client("ssm", **self._place)

    @property
    def _place(self) -> Any:
        return {
            "endpoint_url": self.endpoint,
            "region_name": "us-east-1",
            "aws_access_key_id": "x",
            "aws_secret_access_key": "x",
        }

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "NO_PROXY": "*",
        }

    def decide(self, switch: str, winner: str, servers: dict[str, str]) -> None:
        """Write a decision unless there is one."""
        decision = {
            "switch": switch,
            "databases": list(servers),
            "winner": winner,
            "servers": servers,
            "decided_at": now(),
        }
        self.s3.put_object(Bucket=BUCKET, Key=_key(switch), Body=msgspec.json.encode(decision), IfNoneMatch="*")

    def decision(self, switch: str) -> Decision | None:
        try:
            found = self.s3.get_object(Bucket=BUCKET, Key=_key(switch))
        except self.s3.exceptions.NoSuchKey:
            return None
        return msgspec.json.decode(found["Body"].read(), type=Decision)

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        """Listen again: what was stored lives in this process."""
        self._server = ThreadedMotoServer(self.address, 4570, verbose=False)
        self._server.start()


def _key(switch: str) -> str:
    return f"gate-tests/switches/{switch}/decision.json"


class Gate:
    """One gate process; started again in the same directory it goes on."""

    def __init__(
        self, home: Path, address: str, servers: dict[str, str], bucket: Bucket, *, more: str = "", tls: str = ""
    ) -> None:
        self.home = home
        self.address = address
        self.servers = servers
        self.bucket = bucket
        self.process: subprocess.Popen[bytes] | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        home.mkdir(parents=True, exist_ok=True)
        text = CONFIGURATION.format(address=address, more=more, tls=tls, **servers)
        (home / "gate.toml").write_text(text)
        (home / "gate.key").write_text(KEY.hex() + "\n")
        (home / "gate.key").chmod(0o600)
        self.control = Control(Address(address, 7690), KEY)

    @property
    def uri(self) -> str:
        return f"bolt://{self.address}:7687"

    @property
    def log(self) -> str:
        return (self.home / "gate.log").read_text()

    @property
    def status(self) -> Status:
        return self.control.status()["ledger"]

    @property
    def candidates(self) -> dict[str, Candidates]:
        """The serving server as blue, the other one as green."""
        serving = self.status.serving
        (other,) = (uri for uri in self.servers.values() if uri != serving)
        return {"ledger": Candidates(serving, other)}

    def connect(self, scheme: str = "bolt", **settings: Any) -> Driver:
        return GraphDatabase.driver(f"{scheme}://{self.address}:7687", auth=AUTH, **settings)

    def launch(self) -> None:
        """Start without waiting."""
        with (self.home / "gate.log").open("ab") as log:
            self.process = subprocess.Popen(
                [COMMAND, "--config", self.home / "gate.toml", "serve"],
                env={**os.environ, **self.bucket.environment},
                stdout=log,
                stderr=log,
            )
        self._processes.append(self.process)

    def start(self) -> None:
        self.launch()
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self.process is not None
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://{self.address}:7690/metrics", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `dco-gate` command."""
        command = [str(COMMAND), "--config", str(self.home / "gate.toml"), *arguments]
        environment = {**os.environ, **self.bucket.environment}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def memory_mb(self) -> float:
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self, *, kill: bool = False) -> int:
        """End the process, in order or by SIGKILL. May be called when it is down."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        code = self.process.wait(60)
        self.process = None
        return code

    def leave_none(self) -> None:
        """Kill every process that this gate ever was."""
        for process in self._processes:
            process.kill()
            process.wait()

    def switch(self, switch: str, winner: str = "green") -> None:
        """Do what a redeploy does with a gate: prepare, hold, decide, move."""
        candidates = self.candidates
        blue, green = candidates["ledger"].blue, candidates["ledger"].green
        self.control.prepare("ledger", green)
        self.control.hold("ledger", switch, candidates, drain_seconds=30)
        self.bucket.decide(switch, winner, {"ledger": green if winner == "green" else blue})
        if winner == "green":
            self.control.move("ledger", switch)
        else:
            self.control.give_up("ledger", switch)


def bolt(server: Server) -> str:
    return f"bolt://{server.address}:7687"


def wait_until(what: Any, seconds: float = 60) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)
