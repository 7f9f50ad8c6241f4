"""Neo4j's classes loaded and linked once, kept in a file that Java maps: a server then starts in half the time."""

import contextlib
import socket
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

from setup import java_runtime, neo4j_community, places
from setup.steps import SetupError, Step, fingerprint
from setup.tools import call, find

FIRST_QUERIES = places.SETUP / "neo4j" / "first_queries.py"
CONFIGURATION = """\
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.heap.max_size=256m
server.memory.pagecache.size=16m
server.jvm.additional=-XX:+UseSerialGC
server.jvm.additional=-XX:AOTCacheOutput={archive}
dbms.security.auth_enabled=false
dbms.usage_report.enabled=false
db.tx_log.preallocate=false
internal.server.bolt.thread_pool_shutdown_wait_time=1s
"""
# A set-up that is killed can't stop the server that it started: `timeout` does.
SECONDS = 240


def steps() -> list[Step]:
    """List one step a version. It is also the proof that Neo4j starts and answers on this machine."""
    return [
        Step(
            f"Neo4j {version} classes",
            places.stamp(f"neo4j-{version}-classes"),
            fingerprint(neo4j_community.command_inputs(version), java_runtime.version(), FIRST_QUERIES, CONFIGURATION),
            neo4j_community.home(version) / "classes.aot",
            lambda version=version: _make(neo4j_community.home(version)),
        )
        for version in neo4j_community.wanted()
    ]


def _make(home: Path) -> None:
    archive = home / "classes.aot"
    archive.unlink(missing_ok=True)
    workshop = places.workshop("classes")
    workshop.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workshop) as name:
        draft = Path(name)
        with _server(home, draft) as uri:
            call([places.PYTHON, FIRST_QUERIES, uri])
        if not (draft / archive.name).exists():
            last = (draft / "console.log").read_text()[-500:]
            raise SetupError(f"Java wrote no {archive.name}; it said:\n    {last}", "run `make setup` again.")
        (draft / archive.name).replace(archive)


@contextlib.contextmanager
def _server(home: Path, draft: Path) -> Generator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (draft / "conf").mkdir()
    text = CONFIGURATION.format(port=port, archive=draft / "classes.aot")
    (draft / "conf" / "neo4j.conf").write_text(text)
    limit = ["timeout", str(SECONDS)] if find("timeout") else []
    environment = {"NEO4J_HOME": str(draft), "NEO4J_CONF": str(draft / "conf"), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    with (draft / "console.log").open("w") as log:
        server = subprocess.Popen(
            [*limit, str(home / "bin" / "neo4j"), "console"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield f"bolt://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(SECONDS)
