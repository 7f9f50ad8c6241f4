"""A full server, a bucket and a stream, for the figures of the stream."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import msgspec
from tests.real.plugin.servers import OLDER, PASSWORD, Server
from tests.real.stream.lab import AWS, BUCKET, S3, Lab
from tests.real.stream.ledger import Entry

NODES, RELATIONSHIPS = 250_000, 600_000
WRITERS = 4
NETWORK = "127.9.19"
ROTATION = "db.tx_log.rotation.size=1M\n"
LOOK_SECONDS = 0.1
_NODES = """
UNWIND range($begin, $end - 1) AS id
CREATE (:Person {id: id, name: 'person ' + id, born: date('1970-01-01') + duration({days: id % 999}), rating: id * 0.1})
"""
_KNOWS = """
UNWIND range($begin, $end - 1) AS number
MATCH (a:Person {id: number % $nodes}), (b:Person {id: (number * 7919 + 13) % $nodes})
CREATE (a)-[:KNOWS {since: number % 50, weight: number * 0.5}]->(b)
"""


class Stage:
    """Blue, which is full, its stream, and whoever else is made; `close` leaves nothing running."""

    def __init__(self, place: Path) -> None:
        """Make it all; nothing is started but the bucket."""
        self.place = place
        self._made: list[Server] = []
        os.environ.update(AWS)
        self._s3 = S3(f"{NETWORK}.200", 5005)
        os.environ["AWS_ENDPOINT_URL"] = self._s3.url
        where = {"LocationConstraint": "eu-central-1"}
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)  # pyright: ignore[reportArgumentType]
        self.lab = Lab(place / "stream", self._s3)
        self.blue = self.server("blue")
        self._writers = 0

    def close(self) -> None:
        """Leave nothing running."""
        self.lab.stop()
        for server in self._made:
            server.stop(kill=True)
        self._s3.stop()

    def server(self, name: str) -> Server:
        """Make a server with more memory than the tests', and files of the log as large as is usual."""
        server = Server(self.place / name, f"{NETWORK}.{len(self._made) + 1}", OLDER)
        enlarge(server)
        self._made.append(server)
        return server

    def dump(self, name: str) -> dict[str, float]:
        """Dump blue, which is down, load that into another, check it: how long each takes, of both its databases."""
        target, folder = self.server(f"loaded-{name}"), self.place / f"dump-{name}"
        folder.mkdir()
        target.admin("dbms", "set-initial-password", PASSWORD)
        took: dict[str, float] = {}
        for database, behind in (("neo4j", ""), ("system", " system")):
            load = ("load", database, f"--from-path={folder}", "--overwrite-destination")
            took[f"dump{behind}"] = admin_seconds(self.blue, "dump", database, f"--to-path={folder}")
            took[f"load{behind}"] = admin_seconds(target, *load)
            took[f"check{behind}"] = admin_seconds(target, "check", database)
        return took

    def write(
        self, lasting: float, look: Callable[[], object] | None = None, *, rest: float = 0.0, writers: int = WRITERS
    ) -> list[Entry]:
        """Let writers in a process of their own write for so long, each resting after a write, and look meanwhile."""
        # Others each time: what a writer wrote it can't write again.
        words = [self.blue.address, PASSWORD, str(writers), str(self._writers), "write", str(rest)]
        self._writers += writers
        command = [sys.executable, "-m", "tests.real.stream.ledger", *words]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writing:
            end = time.monotonic() + lasting
            while time.monotonic() < end:
                time.sleep(LOOK_SECONDS)
                if look:
                    look()
            said, _ = writing.communicate(b"")
        return msgspec.json.decode(said, type=list[Entry])


def enlarge(server: Server) -> None:
    """Give a server that has not been started more memory, and its log as large a file as is usual."""
    settings = server.home / "conf" / "neo4j.conf"
    text = settings.read_text()
    for old, new in (("size=256m", "size=512m"), ("pagecache.size=64m", "pagecache.size=256m"), (ROTATION, "")):
        text = text.replace(old, new)
    settings.write_text(text)


def fill(server: Server) -> None:
    """Make the graph that the figures are about."""
    server.run("CREATE CONSTRAINT FOR (p:Person) REQUIRE p.id IS UNIQUE")
    for begin in range(0, NODES, 10_000):
        server.run(_NODES, begin=begin, end=begin + 10_000)
    for begin in range(0, RELATIONSHIPS, 4_000):
        server.run(_KNOWS, begin=begin, end=begin + 4_000, nodes=NODES)
    server.run("CALL db.awaitIndexes(60)")


def admin_seconds(server: Server, *arguments: str) -> float:
    """Run Neo4j's admin command about a database, which must succeed; say how long it took."""
    began = time.monotonic()
    done = server.admin("database", *arguments)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return time.monotonic() - began
