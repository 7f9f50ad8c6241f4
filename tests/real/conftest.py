"""Servers that the real tests share, on loopback addresses of their own, and the sample's processes on top of them."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, LiteralString

import httpx
import pytest
from neo4j import Driver, GraphDatabase
from neo4j.exceptions import DriverError

from dco_sandbox import cache

SAMPLE = Path(__file__).parents[2] / "examples" / "credcoin"
VERSION = "5.26.30"
ADDRESS = "127.9.1.1"
PASSWORD = "only-for-this-test-run"
APP_ADDRESS = "127.9.1.3"
CONF = """
server.default_listen_address={address}
server.bolt.listen_address=:{port}
server.http.enabled=false
server.memory.heap.initial_size=256m
server.memory.heap.max_size=256m
server.memory.pagecache.size=64m
server.jvm.additional=-XX:+UseSerialGC
db.tx_log.preallocate=false
dbms.usage_report.enabled=false
"""


@dataclass(frozen=True)
class Neo4jServer:
    """A running Neo4j that serves as both databases; `auth` is what the sample's secrets hold."""

    address: str
    port: int
    pid: int = 0
    username: str = "neo4j"
    password: str = PASSWORD

    @property
    def uri(self) -> str:
        return f"bolt://{self.address}:{self.port}"

    @property
    def auth(self) -> str:
        return json.dumps({"username": self.username, "password": self.password})

    def connect(self) -> Driver:
        return GraphDatabase.driver(self.uri, auth=(self.username, self.password))


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """One empty Neo4j for the whole session; tests empty it themselves."""
    home = tmp_path_factory.mktemp("neo4j")
    server = Neo4jServer(ADDRESS, free_port(ADDRESS))
    process = start_neo4j(home, server)
    server = replace(server, pid=process.pid)
    try:
        wait_for_bolt(server, process, home / "console.log")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def start_neo4j(home: Path, server: Neo4jServer) -> subprocess.Popen[bytes]:
    conf = home / "conf"
    conf.mkdir(exist_ok=True)
    (conf / "neo4j.conf").write_text(CONF.format(address=server.address, port=server.port))
    commands = cache.neo4j_home(VERSION) / "bin"
    environment = {**os.environ, "NEO4J_HOME": str(home), "NEO4J_CONF": str(conf)}
    if not (home / "data").exists():
        set_password = [str(commands / "neo4j-admin"), "dbms", "set-initial-password", server.password]
        subprocess.run(set_password, env=environment, check=True, capture_output=True)
    with (home / "console.log").open("ab") as log:
        return subprocess.Popen([str(commands / "neo4j"), "console"], env=environment, stdout=log, stderr=log)


def wait_for_bolt(server: Neo4jServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        assert process.poll() is None, f"Neo4j ended: {log.read_text()[-2000:]}"
        assert time.monotonic() < deadline, f"Neo4j did not answer in 120 s: {log.read_text()[-2000:]}"
        try:
            with server.connect() as driver:
                driver.verify_connectivity()
        except DriverError:
            time.sleep(0.2)
        else:
            return


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class App:
    """A running API of the sample; its log is what the process wrote."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False)


Ask = Callable[..., list[dict[str, Any]]]
StartApp = Callable[..., App]
StartOffering = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def ask(neo4j_server: Neo4jServer) -> Iterator[Ask]:
    """Ask the emptied server in Cypher, past the application."""
    with neo4j_server.connect() as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n")

        def asking(text: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
            return [row.data() for row in driver.execute_query(text, parameters).records]

        yield asking


@pytest.fixture
def sample_environment(neo4j_server: Neo4jServer) -> dict[str, str]:
    """What a task definition of the sample would set, with one server as both databases."""
    return {
        "PATH": os.environ["PATH"],
        "LEDGER_URI": neo4j_server.uri,
        "SEARCH_URI": neo4j_server.uri,
        "LEDGER_AUTH": neo4j_server.auth,
        "SEARCH_AUTH": neo4j_server.auth,
        "HOST": APP_ADDRESS,
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def start_app(
    ask: Ask,  # noqa: ARG001 -- it empties the server first
    sample_environment: dict[str, str],
    tmp_path: Path,
) -> Iterator[StartApp]:
    """Start the sample's API with settings of your own and wait until it is healthy (or until it listens)."""
    started: list[App] = []

    def start(*, healthy: bool = True, **settings: str) -> App:
        port = free_port(APP_ADDRESS)
        log = tmp_path / f"app-{len(started)}.log"
        environment = {**sample_environment, "PORT": str(port), **settings}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "app"], cwd=SAMPLE, env=environment, stdout=output, stderr=output
            )
        app = App(f"http://{APP_ADDRESS}:{port}", process, log)
        started.append(app)
        wait_for_health(app, {200} if healthy else {200, 503})
        return app

    yield start
    for app in started:
        if app.process.poll() is None:
            app.process.kill()
        app.process.wait()


def wait_for_health(app: App, accepted: set[int]) -> None:
    deadline = time.monotonic() + 90
    while True:
        assert app.process.poll() is None, app.log.read_text()
        assert time.monotonic() < deadline, app.log.read_text()
        try:
            if httpx.get(f"{app.url}/health", timeout=10, trust_env=False).status_code in accepted:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.05)


@pytest.fixture
def start_offering(
    ask: Ask,  # noqa: ARG001 -- it empties the server first
    sample_environment: dict[str, str],
) -> Iterator[StartOffering]:
    """Start `python -m offering` with settings of your own."""
    started: list[subprocess.Popen[str]] = []

    def start(**settings: str) -> subprocess.Popen[str]:
        environment = {**sample_environment, **settings}
        process = subprocess.Popen(
            [sys.executable, "-m", "offering"],
            cwd=SAMPLE,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
