"""Servers that the real tests share: started once a session, on loopback addresses of their own."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from neo4j import Driver, GraphDatabase
from neo4j.exceptions import DriverError

from dco_sandbox import cache

VERSION = "5.26.30"
ADDRESS = "127.9.1.1"
PASSWORD = "only-for-this-test-run"
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
