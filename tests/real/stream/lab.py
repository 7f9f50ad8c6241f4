"""A database, its follower, a bucket and the stream between them, each a process of its own that a test may kill."""

import json
import logging
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from moto.server import ThreadedMotoServer
from tests.real.plugin.servers import KEY, PASSWORD, Server

from dco_stream import choosing, config
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.state import State

Found = TypeVar("Found")
BUCKET = "backups"
NAMES = ("neo4j", "system")
AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def until(look: Callable[[], Found], what: str, seconds: float = 120) -> Found:
    """Wait until a look finds something, and give it."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class S3:
    """A bucket on a loopback address, which can be out of reach."""

    def __init__(self, address: str, port: int) -> None:
        self.url = f"http://{address}:{port}"
        self._server = ThreadedMotoServer(address, port, verbose=False)
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


class Lab:
    """One database's stream: its configuration, its process, and what it left in the bucket."""

    def __init__(self, directory: Path, s3: S3, name: str = "ledger", **keep: Any) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.directory = directory
        self.environment = {**os.environ, **AWS, "AWS_ENDPOINT_URL": s3.url}
        self.servers_file = directory / "servers.json"
        (directory / "login.json").write_text(json.dumps({"username": "neo4j", "password": PASSWORD}))
        (directory / "key").write_text(KEY.hex())
        self.file = directory / "stream.toml"
        self.file.write_text(
            f'[bucket]\nname = "{BUCKET}"\nprefix = "{secrets.token_hex(4)}/"\n[keep]\n'
            + "".join(f"{key} = {value}\n" for key, value in keep.items())
            + f'[databases.{name}]\nservers = "file:{self.servers_file}"\nlogin = "file:{directory / "login.json"}"\n'
            f'key = "file:{directory / "key"}"\n'
        )
        self._processes: list[subprocess.Popen[bytes]] = []
        self.endings: list[Callable[[], object]] = []
        """What is to be done at a test's end, however that comes."""

    @property
    def bucket(self) -> Bucket:
        return Bucket(config.read(self.file).bucket)

    @property
    def archive(self) -> Archive:
        return Archive(self.bucket, self.name)

    def point(self, source: Server, follower: Server | None = None) -> None:
        """Say which server is the source, and which follows it."""
        self.point_at(source.address, follower.address if follower else None)

    def point_at(self, source: str, follower: str | None = None) -> None:
        """Say at which addresses the source and its follower are."""
        words = {"source": f"bolt://{source}:7687"}
        if follower:
            words["follower"] = f"bolt://{follower}:7687"
        draft = self.servers_file.with_suffix(".draft")
        draft.write_text(json.dumps(words))
        draft.replace(self.servers_file)

    def start(self) -> subprocess.Popen[bytes]:
        """Start a stream."""
        with (self.directory / "stream.log").open("ab") as log:
            command = [sys.executable, "-m", "dco_stream", "-c", str(self.file), "run"]
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        self._processes.append(process)
        return process

    def call(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Type a command of `dco-stream`."""
        command = [sys.executable, "-m", "dco_stream", "-c", str(self.file), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=500)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def stop(self) -> None:
        """Kill every stream that is left."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    def state(self) -> State | None:
        return self.archive.state()

    @property
    def log(self) -> str:
        return (self.directory / "stream.log").read_text()

    def await_base(self) -> str:
        """Wait until there is a finished copy."""
        return until(lambda: self.archive.manifests()[0], f"no copy: {self.log[-2000:]}")[-1].id

    def await_covered(self, millis: int) -> None:
        """Wait until every database can be restored to a moment."""

        def look() -> bool:
            state = self.state()
            kept = [part.kept for part in state.parts.values()] if state else []
            return len(kept) == len(NAMES) and all(one and choosing.millis(one.until) >= millis for one in kept)

        until(look, f"not covered: {self.state()} {self.log[-2000:]}")

    def await_kept(self, transaction: int, part: str = "neo4j") -> None:
        """Wait until everything up to a transaction is in the bucket."""

        def look() -> bool:
            state = self.state()
            kept = state.parts[part].kept if state and part in state.parts else None
            return kept is not None and kept.transaction >= transaction

        until(look, f"not kept: {self.state()} {self.log[-2000:]}")


def await_followed(source: Server, target: Server, names: tuple[str, ...] = NAMES) -> None:
    """Wait until a follower has everything that its source has now."""
    for name in names:
        end = source.plugin.one("status", name)["transaction"]
        until(lambda name=name, end=end: target.plugin.one("status", name)["transaction"] >= end, "not followed")
