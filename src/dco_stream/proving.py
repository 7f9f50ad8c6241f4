"""Proves what was restored before anybody gets it: Neo4j's own check, and the users' questions on a private server."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from dco_stream import installation, invariants, programs
from dco_stream.errors import BadConfiguration, Damaged, Refused, Unreachable
from dco_stream.references import Login
from dco_stream.restore import Neo4j
from dco_stream.server import Server

START_SECONDS = 300
_CONF = """\
server.directories.data={data}
server.directories.plugins={home}/plugins
server.directories.import={home}/import
server.bolt.listen_address={address}:{port}
server.bolt.advertised_address={address}:{port}
server.http.enabled=false
server.memory.pagecache.size=128m
db.tx_log.preallocate=false
db.tx_log.rotation.retention_policy=keep_all
dbms.usage_report.enabled=false
dbms.security.procedures.unrestricted=dco.*
internal.dbms.automatic_upgrade.enabled=false
"""
Say = Callable[[str], None]


class Private:
    """A home for Neo4j's programs that nobody else uses; its data is elsewhere, under the directory it was made for."""

    def __init__(self, home: Path, neo4j: Neo4j, version: str, address: str) -> None:
        self.home = home
        self.version = version
        self._neo4j = neo4j
        self._address = address
        self._port = _free_port(address)
        self._log = home / "admin.log"
        for name in ("conf", "plugins", "import"):
            (home / name).mkdir()
        conf = _CONF.format(home=home, data=home / "data", address=address, port=self._port)
        (home / "conf" / "neo4j.conf").write_text(conf, encoding="utf-8")

    def admin(self, words: list[str], say: Say, what: str) -> int:
        """Run Neo4j's own admin tool, and return its exit code; `said` tells what it wrote."""
        return self._run(words, self._log, say, what)

    def said(self, lines: int = programs.LAST_LINES) -> str:
        """Give the last lines of the admin tool."""
        return programs.last_lines(self._log, lines)

    def check(self, name: str, say: Say) -> None:
        """Let Neo4j check a database; others may be checked meanwhile. Raises `Damaged` with what it found."""
        log, reports = self.home / f"check-{name}.log", self.home / f"check-{name}"
        reports.mkdir()
        if self._run(["database", "check", f"--report-path={reports}", name], log, say, f"{name}: checking"):
            raise Damaged(f"Neo4j's own check finds {name} inconsistent: {programs.last_lines(log)}",
                          "restore to an earlier time, and look at `dco-stream verify`")  # fmt: skip

    def check_all(self, names: Iterable[str], say: Say) -> None:
        """Let Neo4j check databases side by side. Raises `Damaged` with what it found first."""
        told = tuple(names)
        say(f"Neo4j checks {' and '.join(told)}")
        with ThreadPoolExecutor(len(told)) as pool:
            checks = [pool.submit(self.check, name, say) for name in told]
        for check in checks:
            check.result()

    @contextmanager
    def started(self, login: Login) -> Generator[Server]:
        """Start the server, and stop it at the end. Raises `Refused` when it does not start."""
        shutil.copy(self._neo4j.jar, self.home / "plugins" / "dco.jar")
        key = self.home / "conf" / "dco.key"
        key.touch(0o600)
        secret = secrets.token_bytes(32)
        key.write_text(secret.hex(), encoding="utf-8")
        start = [f"--home-dir={self.home}", f"--config-dir={self.home / 'conf'}", "--console-mode"]
        command = [*self._neo4j.java(installation.main_class(self.version)), *start]
        log = self.home / "server.log"
        server = Server(f"bolt://{self._address}:{self._port}", login, secret)
        with programs.running(command, self._environment(), log) as process:
            try:
                _await_answer(process, server, log)
                yield server
            finally:
                server.close()

    def _run(self, words: list[str], log: Path, say: Say, what: str) -> int:
        command = [*self._neo4j.java("org.neo4j.cli.AdminTool"), *words]
        return programs.run(command, self._environment(), log, say, what)

    def _environment(self) -> dict[str, str]:
        own = {"NEO4J_HOME": self.home, "NEO4J_CONF": self.home / "conf", "DCO_KEY_FILE": self.home / "conf/dco.key"}
        return {**os.environ, **{name: str(path) for name, path in own.items()}}


@contextmanager
def private(data: Path, neo4j: Neo4j, version: str, address: str) -> Generator[Private]:
    """Give a private home over a data directory, and take it away at the end; the data stays."""
    scratch = Path(tempfile.mkdtemp(prefix="dco-restore-"))
    try:
        data.mkdir(parents=True, exist_ok=True)
        (scratch / "data").symlink_to(data.absolute())
        yield Private(scratch, neo4j, version, address)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _await_answer(process: subprocess.Popen[bytes], server: Server, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.identify()
        except Unreachable:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Refused(f"the restored server does not start: {programs.last_lines(log)}", "") from None
            time.sleep(0.2)
        except BadConfiguration as error:
            raise BadConfiguration(error.what, "at that time it was perhaps another: name it by --login") from None
        else:
            return


def demand_true(server: Server, name: str, cypher: str) -> None:
    """Put a question to a restored server. Raises `Damaged` when it is not answered by true."""
    if why := invariants.trouble(server.run, cypher):
        raise Damaged(f"invariant {name} does not hold in what was restored: it {why}",
                      "mend the question, restore to an earlier time, or find out since when it is so")  # fmt: skip


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
