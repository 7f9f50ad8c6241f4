"""Figures of the stream: copying, following, keeping and restoring, beside Neo4j's own dump, load and check."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import Figure, figure, seconds
from stream_stage import Stage, fill
from tests.real.plugin.servers import KEY, OLDER, PASSWORD, Server, plugin_jar
from tests.real.stream.lab import NAMES, await_followed, until
from tests.real.stream.ledger import Entry

from dco_sandbox import cache
from dco_stream import server as stream_server
from dco_stream.archive import segments
from dco_stream.follow import Follower
from dco_stream.offering import Wish, offer
from dco_stream.references import Login
from dco_stream.restore import Neo4j
from dco_stream.state import Board

ROUNDS = 3
RESTING = 0.02
"""How long an application's writer rests after each write, where it is not to write as fast as it can."""
WRITES_AN_HOUR = 5 * 3600
"""The sample's traffic: five writes a second."""
HOURS = 24
EXAMPLE = Path(__file__).parents[1] / "examples" / "credcoin"


def figures() -> Iterator[Figure]:
    """Fill a server, then measure everything on it; nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="dco-bench-") as place:
        stage = Stage(Path(place))
        try:
            yield from Measures(stage).figures()
        finally:
            stage.close()


class Measures:
    """What is measured, in an order in which each measure finds what it needs."""

    def __init__(self, stage: Stage) -> None:
        """Measure on a stage that is still empty."""
        self._stage = stage
        self._lab, self._blue = stage.lab, stage.blue
        self._green = self._blue

    def figures(self) -> Iterator[Figure]:
        """Measure; see the table in docs/database.md."""
        self._blue.start()
        fill(self._blue)
        self._blue.stop()
        dumped = [self._stage.dump(str(number)) for number in range(ROUNDS)]
        medians = {word: statistics.median(one[word] for one in dumped) for word in dumped[0]}
        self._blue.start()
        yield self._ready(sum(medians[word] for word in ("dump", "load", "check")))
        yield self._restored(sum(medians[word] for word in ("load", "check", "load system", "check system")))
        yield from self._latency()
        yield from self._lag()
        yield self._applied()
        yield self._size()

    def _ready(self, dumped: float) -> Figure:
        """From nothing to a green that follows, against dump, load and check of `neo4j` alone."""
        ratios: list[float] = []
        for number in range(ROUNDS):
            if number:
                self._green.stop()
                shutil.rmtree(self._green.home)
            self._green = self._stage.server(f"green-{number}")
            began = time.monotonic()
            self._lab.point(self._blue)
            self._lab.call("seed", "ledger", "--into", str(self._green.home / "data"), "--share", "1")
            self._green.start()
            self._lab.point(self._blue, self._green)
            if not number:
                self._lab.start()
            until(lambda: all(follows(self._green, name) for name in NAMES), "no follower")
            await_followed(self._blue, self._green)
            ratios.append((time.monotonic() - began) / dumped)
        return figure("redeploy_ready_ratio", "", ratios, "≤ 1.0")

    def _restored(self, loaded: float) -> Figure:
        """Both databases as of a second after some traffic, checked, against load and check of dumps of both."""
        self._lab.await_base()
        self._stage.write(10, rest=RESTING)
        end = int(time.time() * 1000)
        self._lab.await_covered(end)
        ratios: list[float] = []
        for number in range(ROUNDS):
            into = self._stage.place / f"restored-{number}"
            wish = Wish(until=end, into=into, neo4j=Neo4j(cache.neo4j_home(OLDER), plugin_jar(OLDER)))
            ratios.append(seconds(lambda wish=wish: offer(self._lab.archive, wish, lambda _: None)) / loaded)
            shutil.rmtree(into)
        return figure("restore_ratio", "", ratios, "≤ 1.2")

    def _latency(self) -> Iterator[Figure]:
        """A write of four writers that rest in between, while blue is copied, kept and followed, against before.

        Green and the stream have a machine of their own in life; here all share the cores, at a lower priority.
        """
        before: list[float] = []
        during: list[float] = []
        for _ in range(ROUNDS):
            self._lab.stop()
            before.append(self._median(self._stage.write(15, rest=RESTING)))
            self._lab.call("base", "ledger")  # so that it copies, too
            os.setpriority(os.PRIO_PROCESS, self._lab.start().pid, 10)
            during.append(self._median(self._stage.write(25, rest=RESTING)))
        yield figure("follow_write_latency_ratio", "", [b / a for a, b in zip(before, during, strict=True)], "≤ 1.25")

    def _lag(self) -> Iterator[Figure]:
        """How far green is behind, and what is not yet in the bucket, while four writers write as fast as they can."""
        await_followed(self._blue, self._green)
        behind: list[float] = []
        risks: list[float] = []
        kept = Kept(self)

        def look() -> None:
            green = self._green.plugin.one("status", "neo4j")["transaction"]
            behind.append(max(0, self._blue.plugin.one("status", "neo4j")["transaction"] - green))
            risks.append(time.time() - kept.until() / 1000)

        self._stage.write(40, look)
        yield figure("follow_lag_transactions", "", behind, "≤ 50")
        yield figure("follow_lag_transactions_max", "", [max(behind)], "≤ 2000")
        yield figure("backup_at_risk_seconds", "s", risks, "≤ 2")

    def _applied(self) -> Figure:
        """How fast green takes what blue had written as fast as four writers could, against how fast blue wrote it."""
        ratios: list[float] = []
        for _ in range(ROUNDS):
            self._lab.stop()
            lasted = span(self._stage.write(15))
            source, target = connect(self._blue), connect(self._green)
            follower = Follower(source.line("neo4j"), target.line("neo4j"), Board("ledger", "bench"))
            end = self._blue.plugin.one("status", "neo4j")["transaction"]
            begin = self._green.plugin.one("status", "neo4j")["transaction"]
            took = seconds(lambda follower=follower, end=end: self._carry(follower, end))
            print(f"{end - begin} transactions written in {lasted:.1f} s, applied in {took:.1f} s")
            ratios.append(lasted / took)
            source.close()
            target.close()
        return figure("follow_apply_ratio", "", ratios, "≥ 2")

    def _carry(self, follower: Follower, end: int) -> None:
        follower.begin()
        while self._green.plugin.one("status", "neo4j")["transaction"] < end:
            follower.step()

    def _size(self) -> Figure:
        """The bucket after a day of the sample's traffic, against the store then.

        An hour's writes are made as fast as they go, and counted for each of 24: a copy at the day's beginning, the log
        of the last hour in a piece a second, that of the hours before in pieces of 8 MB, as they are joined.
        """
        self._lab.start()
        self._lab.call("base", "ledger")
        earlier = len(self._lab.archive.manifests()[0])
        until(lambda: len(self._lab.archive.manifests()[0]) > earlier, "no copy")
        copy = self._lab.archive.manifests()[0][-1]
        begin = self._blue.plugin.one("status", "neo4j")
        size = store_size(self._blue)
        command = [sys.executable, Path(__file__).parent / "sample_writes.py", self._blue.address, PASSWORD]
        environment = {**os.environ, "PYTHONPATH": f"{EXAMPLE}:{Path.cwd()}"}
        subprocess.run([*command, str(WRITES_AN_HOUR)], check=True, env=environment)
        log = b"".join(self._log_since(begin["logVersion"], begin["logOffset"]))
        grown = store_size(self._blue) - size
        joined = packed(log, 8 << 20)
        apart = packed(log, max(1, len(log) // 3600))
        print(f"an hour's log {len(log)}, stored {apart} by the second, {joined} joined; store {size} grew by {grown}")
        return figure(
            "backup_size_ratio", "",
            [(copy.stored + (HOURS - 1) * joined + apart) / (size + HOURS * grown)], "told",
        )  # fmt: skip

    def _log_since(self, version: int, offset: int) -> Iterator[bytes]:
        while True:
            row = self._blue.plugin.one("log", "neo4j", version, offset, 1 << 20, 0)
            if row["data"]:
                offset += len(row["data"])
                yield row["data"]
            elif row["endVersion"] > version:
                version, offset = version + 1, 0
            else:
                return

    def _median(self, entries: list[Entry]) -> float:
        return statistics.median(entry.ended - entry.began for entry in entries if entry.acknowledged)

    @property
    def stage(self) -> Stage:
        """Where it is measured."""
        return self._stage


class Kept:
    """Until when everything is in the bucket, by what lies there; asks only for what is new."""

    def __init__(self, measures: Measures) -> None:
        """Look from now on."""
        self._archive = measures.stage.lab.archive
        name = measures.stage.blue.plugin.one("status", "neo4j")["logName"]
        series = [one for one in self._archive.series() if one.startswith(f"{name}.")][-1]
        self._under = self._archive.key("series", series, "neo4j", "")
        self._last = ""
        self._until = 0
        self.until()

    def until(self) -> int:
        """Give the moment in milliseconds."""
        for key in self._archive.bucket.keys(self._under, self._last):
            self._last = key
            piece = segments.parse(key.removeprefix(self._under))
            self._until = max(self._until, piece.until if piece else 0)
        return self._until


def connect(server: Server) -> stream_server.Server:
    """Speak with a server as the stream does."""
    return stream_server.Server(f"bolt://{server.address}:7687", Login("neo4j", PASSWORD), KEY)


def follows(server: Server, name: str) -> bool:
    """Whether a server follows another."""
    return server.plugin.one("status", name)["following"]


def span(entries: list[Entry]) -> float:
    """How many seconds it was from the first write's beginning to the last one's end."""
    return max(entry.ended for entry in entries) - min(entry.began for entry in entries)


def store_size(server: Server) -> int:
    """How many bytes a server's databases have, without the log."""
    return sum(file.stat().st_size for file in (server.home / "data" / "databases").rglob("*") if file.is_file())


def packed(log: bytes, size: int) -> int:
    """How many bytes a log takes in pieces of a size."""
    return sum(len(segments.pack(log[at : at + size])[0]) for at in range(0, len(log), size))
