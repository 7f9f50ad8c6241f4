"""Neo4j servers with the plugin, each on a loopback address of its own, started and killed as a test likes."""

import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neo4j import Driver, GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError
from setup import neo4j_plugin

from dco_plugin.plugin import Plugin
from dco_sandbox import cache

OLDER = "5.26.30"
NEWER = "2026.08.1"
KEY = bytes.fromhex("5a" * 32)
PASSWORD = "only-for-this-test-run"
CONF = """
server.default_listen_address={address}
server.bolt.listen_address=:7687
server.http.enabled=false
server.directories.import={imports}
server.memory.heap.initial_size=256m
server.memory.heap.max_size=256m
server.memory.pagecache.size=64m
server.jvm.additional=-XX:+UseSerialGC
db.tx_log.preallocate=false
db.tx_log.rotation.size=1M
dbms.usage_report.enabled=false
dbms.security.procedures.unrestricted=dco.*
internal.dbms.automatic_upgrade.enabled=false
internal.server.bolt.thread_pool_shutdown_wait_time=1s
"""


def plugin_jar(version: str) -> Path:
    return neo4j_plugin.jar(version)


class Server:
    """One Neo4j in a directory of its own; stopped and started again it has the same data."""

    def __init__(self, home: Path, address: str, version: str, *, jar: Path | None = None) -> None:
        self.home = home
        self.address = address
        self.reached = address
        """Where others reach it, if a test puts a wire there."""
        self.version = version
        self.environment: dict[str, str] = {}
        """What its environment has besides."""
        self._process: subprocess.Popen[bytes] | None = None
        self._driver: Driver | None = None
        self._plugins: list[Plugin] = []
        (home / "conf").mkdir(parents=True)
        (home / "plugins").mkdir()
        (home / "import").mkdir()
        (home / "conf" / "neo4j.conf").write_text(CONF.format(address=address, imports=home / "import"))
        self.key_file.write_text(KEY.hex() + "\n")
        self.key_file.chmod(0o600)
        shutil.copy(jar or plugin_jar(version), home / "plugins" / "dco.jar")

    @property
    def key_file(self) -> Path:
        return self.home / "conf" / "dco.key"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.home / "console.log").read_text()

    @property
    def driver(self) -> Driver:
        assert self._driver is not None, "the server is not up"
        return self._driver

    @property
    def plugin(self) -> Plugin:
        assert self._plugins, "the server is not up"
        return self._plugins[0]

    def another(self) -> Plugin:
        """Another session for calls, for another thread."""
        self._plugins.append(Plugin(self.driver, KEY))
        return self._plugins[-1]

    def run(self, query: str, database: str = "neo4j", **parameters: Any) -> list[dict[str, Any]]:
        """Run once, without the driver's own retries."""
        connection: Any = self.driver
        with connection.session(database=database) as session:
            return [dict(record.items()) for record in session.run(query, parameters)]

    def connect(self) -> Driver:
        return GraphDatabase.driver(
            f"bolt://{self.address}:7687", auth=("neo4j", PASSWORD), connection_timeout=5, max_transaction_retry_time=60
        )

    def admin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = cache.neo4j_home(self.version) / "bin" / "neo4j-admin"
        return subprocess.run(
            [command, *arguments], env=self._environment, cwd=self.home, capture_output=True, text=True, check=False
        )

    def demand_clean(self) -> None:
        """Let Neo4j check both databases of a server that was stopped."""
        for database in ("neo4j", "system"):
            checked = self.admin("database", "check", database)
            assert checked.returncode == 0, checked.stdout[-3000:] + checked.stderr[-3000:]

    def start(self) -> None:
        """Start, with a first password if there is no data, and wait until Bolt answers."""
        self.launch()
        self._driver = self.connect()
        deadline = time.monotonic() + 180
        while True:
            assert self._process is not None
            assert self._process.poll() is None, self.log[-3000:]
            assert time.monotonic() < deadline, self.log[-3000:]
            try:
                self._driver.verify_connectivity()
            except (DriverError, Neo4jError):
                time.sleep(0.1)
            else:
                break
        self.another()

    def launch(self) -> None:
        """Start without waiting for anything."""
        if not (self.home / "data").exists():
            self.admin("dbms", "set-initial-password", PASSWORD)
        command = cache.neo4j_home(self.version) / "bin" / "neo4j"
        with (self.home / "console.log").open("ab") as log:
            self._process = subprocess.Popen([command, "console"], env=self._environment, stdout=log, stderr=log)

    def exit_code(self, seconds: float) -> int:
        """Wait for the server to end by itself."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End the server by SIGKILL, and leave its connections to whoever is using them: `stop` closes them."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def signal(self, number: int) -> None:
        """Send the server a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, *, kill: bool = False) -> None:
        """End the server in order, or by SIGKILL. May be called when it is down."""
        if not kill:
            self._disconnect()
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(120)
            self._process = None
        self._disconnect()

    def _disconnect(self) -> None:
        for plugin in self._plugins:
            plugin.close()
        self._plugins.clear()
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf"), **self.environment}


@contextmanager
def stopped_at_last(*servers: Server) -> Generator[None]:
    """Leave no server behind, however the test ends."""
    try:
        yield
    finally:
        for server in servers:
            server.stop(kill=True)
