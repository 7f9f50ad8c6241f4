"""A pair of databases in use: each with two servers, a stream between them, and a gate in front of them."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
from tests.real.gate.authority import Authority
from tests.real.plugin.carrying import sums
from tests.real.plugin.servers import KEY, OLDER, PASSWORD, Server
from tests.real.stream.lab import BUCKET, NAMES, S3, Lab, await_followed, until

from dco.model.databases import Database, Gate
from dco.model.environment import Aws, EcsTaskOffering, Environment, State
from dco.model.switch import Decision, Switch, Way
from dco.operations.switching import Switching
from dco.providers.aws.objects import S3Objects
from dco.providers.aws.session import AwsSession
from dco.providers.clock import SystemClock
from dco.providers.gates import HttpGates
from dco.providers.plugin import Neo4jServers
from dco.seams.outside import Outside

GATE_KEY = "6c" * 32
GATE = """
state_directory = "state"
[record]
bucket = "{bucket}"
[control]
listen = "{address}:7690"
key_file = "gate.key"
[databases.{name}]
listen = "{address}:7687"
advertised = "{address}:7687"
servers = {{ blue = "{blue}", green = "{green}" }}
{tls}
"""
SECRETS = {
    "login": {"username": "neo4j", "password": PASSWORD},
    "plugin": {"key": KEY.hex()},
    "gate": {"key": GATE_KEY},
}


class Secrets:
    """The part of parameters that these tests need."""

    def secret(self, name: str) -> dict[str, str]:
        return SECRETS[name]


class GateProcess:
    """A gate, in a directory of its own, where it goes on when it is started again.

    Where an authority vouches for it, clients must use TLS.
    """

    def __init__(
        self, home: Path, name: str, address: str, blue: Server, green: Server, authority: Authority | None = None
    ) -> None:
        self.home = home
        self.name = name
        self.address = address
        home.mkdir(parents=True)
        self.uri = f"bolt://{address}:7687"
        self._servers = blue, green
        self._tls = ""
        if authority is not None:
            certificate, key = authority.vouch(address)
            self._tls = f'certificate = "{certificate}"\nprivate_key = "{key}"'
            self.uri = f"bolt+ssc://{address}:7687"
        (home / "gate.key").write_text(GATE_KEY + "\n")
        (home / "gate.key").chmod(0o600)
        self.process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}
        """What its environment has besides."""

    def start(self) -> None:
        blue, green = map(bolt, self._servers)
        words = {"bucket": BUCKET, "address": self.address, "name": self.name, "tls": self._tls}
        (self.home / "gate.toml").write_text(GATE.format(blue=blue, green=green, **words))
        command = [Path(sys.executable).parent / "dco-gate", "--config", self.home / "gate.toml", "serve"]
        with (self.home / "gate.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **self.environment})
        until(self._answers, "the gate does not answer", 60)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.home / "gate.log").read_text()
        try:
            return httpx.get(f"http://{self.address}:7690/metrics", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


class Member:
    """One database of the pair."""

    def __init__(
        self,
        place: Path,
        name: str,
        network: str,
        at: int,
        s3: S3,
        versions: tuple[str, str],
        *,
        authority: Authority | None = None,
        gates: int = 1,
    ) -> None:
        self.name = name
        self.blue, self.green = (
            Server(place / name / colour, f"{network}.{at + number}", version)
            for number, (colour, version) in enumerate(zip(("blue", "green"), versions, strict=True), 1)
        )
        self.site = Lab(place / name / "stream", s3, name, segment_seconds=0.5)
        self.gates = [
            GateProcess(
                place / name / f"gate-{number}", name, f"{network}.{at + 5 + number}", self.blue, self.green, authority
            )
            for number in range(gates)
        ]
        self.serving, self.other = self.blue, self.green

    def start(self) -> None:
        """Start blue, copy it into green, let green follow, and put the gate in front."""
        self.blue.start()
        self.site.point(self.blue)
        self.site.call("seed", self.name, "--into", str(self.green.home / "data"), "--share", "1")
        self.green.start()
        self.site.point(self.blue, self.green)
        self.stream = self.site.start()
        await_followed(self.blue, self.green)
        for gate in self.gates:
            gate.start()

    @property
    def gate(self) -> GateProcess:
        """The only gate, or the first one."""
        return self.gates[0]

    def turn(self) -> None:
        """What serves has changed: let the stream carry the other way."""
        self.serving, self.other = self.other, self.serving
        self.site.point(self.serving, self.other)

    def stop(self) -> None:
        self.site.stop()
        for gate in self.gates:
            gate.stop()
        for server in (self.blue, self.green):
            server.stop(kill=True)


class Pair:
    """The databases of an environment, and what is asked of the outside."""

    def __init__(
        self,
        place: Path,
        network: str,
        s3: S3,
        names: tuple[str, ...],
        versions: tuple[str, str] = (OLDER, OLDER),
        *,
        authority: Authority | None = None,
        gates: int = 1,
    ) -> None:
        made = [
            Member(place, name, network, 10 * at, s3, versions, authority=authority, gates=gates)
            for at, name in enumerate(names, 1)
        ]
        self.members = {member.name: member for member in made}
        self.place = place
        self._connected: list[Neo4jServers] = []
        self.environment = Environment(
            name="test",
            aws=Aws(region="eu-central-1"),
            state=State(bucket=BUCKET),
            offering=EcsTaskOffering(cluster="", task_definition="", network_of=""),
            databases={name: self._database(member) for name, member in self.members.items()},
        )

    def outside(self) -> Outside:
        """Connect anew, as another process would."""
        made, servers = seams(self.environment, self.place)
        self._connected.append(servers)
        return made

    def lead_through(self, address: str) -> None:
        """Let the gate and `dco` reach the first server of the only database at another address."""
        (member,) = self.members.values()
        member.gate.stop()
        shutil.rmtree(member.gate.home / "state")
        member.blue.reached = address
        member.gate.start()

    def gate(self, name: str) -> Gate:
        gate = self.environment.databases[name].gate
        assert gate
        return gate

    def begin(self, seconds: float = 5.0) -> Switch:
        """Make a switch to the other servers."""
        ways = {name: Way(bolt(one.serving), bolt(one.other)) for name, one in self.members.items()}
        identity = f"test-{secrets.token_hex(4)}"
        return Switch(id=identity, ways=ways, why="a test", began=SystemClock().now(), time_box_seconds=seconds)

    def switching(self, switch: Switch, outside: Outside | None = None) -> Switching:
        return Switching(self.environment, outside or self.outside(), switch)

    def switch(self, outside: Outside | None = None) -> tuple[Decision, Switching]:
        """Switch, and let the streams carry the other way."""
        switching = self.switching(self.begin(30.0), outside)
        switching.prepare()
        switching.renew(SystemClock().now())
        decision = switching.decide()
        switching.obey(decision)
        if decision.winner == "green":
            for member in self.members.values():
                member.turn()
        return decision, switching

    def await_following(self) -> None:
        """Wait until every other server follows what serves, to its end."""
        for member in self.members.values():
            for name in NAMES:
                until(lambda m=member, n=name: m.other.plugin.one("status", n)["following"], "it does not follow")
            await_followed(member.serving, member.other)

    def demand_equal(self) -> None:
        """Demand that both servers of each database hold the same and had the same history, with nobody writing.

        Each transaction's checksum covers the one before it: equal ones at one transaction are equal logs, so there was
        one writer at any time, or what another wrote would be in one of them alone.
        """
        self.await_following()
        for member in self.members.values():
            for name in NAMES:
                assert sums(member.serving, name) == sums(member.other, name)
                ends = [one.plugin.one("status", name) for one in (member.serving, member.other)]
                assert len({(end["transaction"], end["checksum"]) for end in ends}) == 1, "their logs went apart"

    def start(self) -> None:
        for member in self.members.values():
            member.start()

    def stop(self) -> None:
        for servers in self._connected:
            servers.close()
        for member in self.members.values():
            member.stop()

    def _database(self, member: Member) -> Database:
        gate = Gate(control=[f"http://{gate.address}:7690" for gate in member.gates], secret="gate")
        return Database(uri_parameter="", secret="login", slot="", plugin_secret="plugin", gate=gate)


def seams(environment: Environment, place: Path) -> tuple[Outside, Neo4jServers]:
    """Connect what a switch needs of the outside."""
    parameters = cast("Any", Secrets())
    objects = S3Objects(AwsSession(environment.aws, place), BUCKET)
    servers = Neo4jServers(parameters)
    made = SimpleNamespace(objects=objects, clock=SystemClock(), gates=HttpGates(parameters), servers=servers)
    return cast("Outside", made), servers


def bolt(server: Server) -> str:
    return f"bolt://{server.reached}:7687"
