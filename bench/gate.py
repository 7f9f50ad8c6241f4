"""Figures of the Bolt gate: the same work through it and past it, and its memory."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
from measuring import Figure, figure
from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from dco_gate import bolt, handshake
from dco_gate.framing import SummaryReader
from dco_sandbox import cache

VERSION = "5.26.30"
SERVER, GATE, RELAY = "127.28.0.1", "127.28.0.2", "127.28.0.4"
AUTH = ("neo4j", "only-for-this-bench")
ROUNDS = 9
WRITERS = 4
WRITE_SECONDS = 3.0
ROWS = 150_000
ASKED = 1_500
IDLE = 1_000
LONG = 10_000_000
FETCH = 500_000
"""What a client asks for at a time: Neo4j itself keeps in its heap what a client that does not read has asked for."""
SLOW_SECONDS = 0.001
NEO4J = """
server.default_listen_address={address}
server.http.enabled=false
server.memory.heap.max_size=512m
server.memory.pagecache.size=64m
server.jvm.additional=-XX:+UseSerialGC
db.tx_log.preallocate=false
dbms.usage_report.enabled=false
"""
GATE_TOML = """
state_directory = "state"
[record]
bucket = "none"
[control]
listen = "{address}:7690"
key_file = "gate.key"
[databases.bench]
listen = "{address}:7687"
advertised = "{address}:7687"
servers = {{ blue = "bolt://{server}:7687" }}
"""

HAPROXY = """
defaults
  mode tcp
  timeout connect 5s
  timeout client 5m
  timeout server 5m
listen relay
  bind {address}:7687
  server one {server}:7687
"""


def figures() -> Iterator[Figure]:
    """Yield every figure of a gate in front of one server."""
    with _server(), _gate() as gate, _relay():
        with ExitStack() as opened:
            past, through, relayed = (_driver(opened, address) for address in (SERVER, GATE, RELAY))
            yield transactions_ratio("gate_transactions_ratio", "≥ 0.95", past, through)
            yield transactions_ratio("relay_transactions_ratio", "≥ 0", past, relayed)
            yield rows_ratio(past, through)
            yield added_ms("gate_added_ms", "≤ 0.2", past, through)
            yield added_ms("relay_added_ms", "≤ 1000", past, relayed)
        yield idle_memory_mb(gate)
        yield stream_memory_mb(gate)


def transactions_ratio(name: str, target: str, past: Any, through: Any) -> Figure:
    """Write transactions a second of four clients through the gate, over those past it, by turns.

    Beside it the same through HAProxy, which only copies bytes: less than that no process in between can cost.
    """
    for driver in (past, through):
        _writes(driver)  # warm
    return _ratio(name, target, lambda: _writes(past), lambda: _writes(through))


def rows_ratio(past: Any, through: Any) -> Figure:
    """Rows a second that the Python driver takes of one long result through the gate, over past it, by turns."""
    for driver in (past, through):
        _rows(driver)
    return _ratio("gate_rows_ratio", "≥ 0.8", lambda: _rows(past), lambda: _rows(through))


def added_ms(name: str, target: str, past: Any, through: Any) -> Figure:
    """What the gate adds to the median of a client that asks one small question after another, by turns.

    Beside it what HAProxy adds, which only copies bytes.
    """
    for driver in (past, through):
        _latency(driver)
    values = [_latency(through) - _latency(past) for _ in range(ROUNDS)]
    return figure(name, "ms", [value * 1000 for value in values], target)


def idle_memory_mb(gate: psutil.Process) -> Figure:
    """The gate's resident memory with a thousand clients that have logged on and ask nothing."""
    clients = [_Client() for _ in range(IDLE)]
    try:
        value = gate.memory_info().rss / 2**20
    finally:
        for client in clients:
            client.close()
    return figure("gate_idle_memory_mb", "MB", [value], "≤ 100")


def stream_memory_mb(gate: psutil.Process) -> Figure:
    """The most resident memory of the gate while ten million rows go to a client that rests between its reads."""
    client, most = _Client(), 0.0
    client.send(bolt.message(bolt.RUN, f"UNWIND range(1, {LONG}) AS i RETURN i", {}, {"mode": "r"}))
    client.skip(1)
    for _ in range(LONG // FETCH):
        client.send(bolt.message(bolt.PULL, {"n": FETCH}))
        for _ in client.sizes_until(1):
            time.sleep(SLOW_SECONDS)
            most = max(most, gate.memory_info().rss / 2**20)
    client.close()
    return figure("gate_stream_memory_mb", "MB", [most], "≤ 100")


class _Client:
    """A client that speaks just enough Bolt 5.4 to weigh nothing itself."""

    def __init__(self) -> None:
        self._socket = socket.create_connection((GATE, 7687), timeout=60)
        self._socket.sendall(handshake.proposal((5, 4)))
        self._socket.recv(4)
        self._reader = SummaryReader()
        logon = {"scheme": "basic", "principal": AUTH[0], "credentials": AUTH[1]}
        self.send(
            bolt.message(bolt.HELLO, {"user_agent": "bench/1", "bolt_agent": {"product": "bench/1"}})
            + bolt.message(bolt.LOGON, logon)
        )
        self.skip(2)

    def send(self, raw: bytes) -> None:
        self._socket.sendall(raw)

    def sizes_until(self, summaries: int) -> Iterator[int]:
        """Read until so many summaries have come; yield the size of each piece."""
        while summaries:
            piece = self._socket.recv(65_536)
            summaries -= len(self._reader.feed(piece))
            yield len(piece)

    def skip(self, summaries: int) -> None:
        """Read until so many summaries have come."""
        for _ in self.sizes_until(summaries):
            pass

    def close(self) -> None:
        self._socket.close()


def _ratio(name: str, target: str, past: Callable[[], float], through: Callable[[], float]) -> Figure:
    values: list[float] = []
    for _ in range(ROUNDS):
        before, middle, after = past(), through(), past()
        values.append(middle / statistics.mean((before, after)))
    return figure(name, "", values, target)


def _writes(driver: Any) -> float:
    """Count write transactions a second."""
    until = time.monotonic() + WRITE_SECONDS
    counts = [0] * WRITERS

    def write(which: int) -> None:
        with driver.session() as session:
            while time.monotonic() < until:
                session.execute_write(_write)
                counts[which] += 1

    threads = [threading.Thread(target=write, args=(which,)) for which in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / WRITE_SECONDS


def _write(transaction: Any) -> None:
    transaction.run("CREATE (:Bench {at: timestamp()})").consume()


def _rows(driver: Any) -> float:
    """Count rows a second."""
    began = time.monotonic()
    with driver.session(fetch_size=10_000) as session:
        for _ in session.run("UNWIND range(1, $rows) AS i RETURN i, 'a text of some length ' + i AS text", rows=ROWS):
            pass
    return ROWS / (time.monotonic() - began)


def _latency(driver: Any) -> float:
    """Give the median seconds of a small question."""
    taken: list[float] = []
    with driver.session(default_access_mode="READ") as session:
        for _ in range(ASKED):
            began = time.perf_counter()
            session.run("RETURN 1").consume()
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _driver(opened: ExitStack, address: str) -> Any:
    return opened.enter_context(GraphDatabase.driver(f"bolt://{address}:7687", auth=AUTH))


@contextmanager
def _server() -> Generator[None]:
    """Run a Neo4j of its own."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "conf").mkdir()
        (home / "conf" / "neo4j.conf").write_text(NEO4J.format(address=SERVER))
        environment = {**os.environ, "NEO4J_HOME": name, "NEO4J_CONF": str(home / "conf")}
        commands = cache.neo4j_home(VERSION) / "bin"
        set_password = [commands / "neo4j-admin", "dbms", "set-initial-password", AUTH[1]]
        subprocess.run(set_password, env=environment, check=True, capture_output=True)
        with (home / "console.log").open("wb") as log:
            process = subprocess.Popen([commands / "neo4j", "console"], env=environment, stdout=log, stderr=log)
        with _ended(process):
            _wait_for(SERVER, process)
            yield


@contextmanager
def _gate() -> Generator[psutil.Process]:
    """Run a gate in front of that server."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "gate.toml").write_text(GATE_TOML.format(address=GATE, server=SERVER))
        (home / "gate.key").touch(0o600)
        (home / "gate.key").write_text("7b" * 32)
        nowhere = {"AWS_ENDPOINT_URL": "http://127.28.0.3:1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        command = [Path(sys.executable).parent / "dco-gate", "--config", home / "gate.toml", "serve"]
        with (home / "gate.log").open("wb") as log:
            environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", **nowhere}
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        with _ended(process):
            _wait_for(GATE, process)
            yield psutil.Process(process.pid)


@contextmanager
def _relay() -> Generator[None]:
    """Run an HAProxy that copies bytes to that server and back."""
    with tempfile.TemporaryDirectory() as name:
        configuration = Path(name) / "haproxy.cfg"
        configuration.write_text(HAPROXY.format(address=RELAY, server=SERVER))
        process = subprocess.Popen(["haproxy", "-db", "-f", configuration], stderr=subprocess.DEVNULL)
        with _ended(process):
            _wait_for(RELAY, process)
            yield


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Generator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    with ExitStack() as opened:
        driver = _driver(opened, address)
        while True:
            try:
                driver.verify_connectivity()
            except (DriverError, Neo4jError):
                if process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                return
