"""Figures of switches, as clients see them: stalls, failures, losses; beside a plain restart and dump and load."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import boto3
import httpx
import msgspec
from measuring import Figure, figure, seconds
from stream_stage import admin_seconds
from tests.real.gate.authority import Authority
from tests.real.plugin.servers import OLDER, PASSWORD
from tests.real.stream.lab import AWS, BUCKET, S3
from tests.real.stream.ledger import Entry
from tests.real.stream.ordeal import keys
from tests.real.switch.pair import Member, Pair, bolt

from dco.operations.switching import Switching
from dco.operations.warming import warm
from dco.providers.clock import SystemClock

NETWORK = "127.9.17"
FRESH = 3
WARM = 24
"""Switches between two warm servers in each of two of the fresh pairs."""
STRINGS = 3
WRITERS = 4
REST_SECONDS = 0.05
"""How long a client rests after each request: eight that never rest leave two cores nothing to switch with."""
TLS = 1
"""The pair whose clients use TLS."""
BUSY = 6
"""Switches among clients that never rest, which are told."""


def figures() -> Iterator[Figure]:
    """Switch some fresh pairs once, and two of them many times more."""
    os.environ.update(AWS)
    first: list[Seen] = []
    later: list[Seen] = []
    restarts: list[float] = []
    strings: list[float] = []
    dumps: list[float] = []
    busy: list[Seen] = []
    for number in range(FRESH):
        with tempfile.TemporaryDirectory(prefix="dco-bench-") as place, _pair(Path(place), number) as run:
            first.append(run.fresh())
            later += [run.again() for _ in range(WARM if number < 2 else 2)]  # noqa: PLR2004
            if number == FRESH - 1:
                busy += [run.again(rest=0.0) for _ in range(BUSY)]
                strings += [run.by_string() for _ in range(STRINGS)]
                restarts.append(run.restart())
                dumps.append(run.dump_and_load())
    writes = [one.write_ms for one in first]
    yield figure("switch_write_stall_ms", "ms", writes, "≤ 150")
    yield figure("switch_write_stall_max_ms", "ms", [max(writes)], "≤ 500")
    yield figure("switch_read_stall_ms", "ms", [one.read_ms for one in first], "≤ 50")
    every = (*first, *later, *busy)
    yield figure("switch_failed_requests", "", [float(sum(one.failed for one in every))], "≤ 0")
    yield figure("switch_lost_writes", "", [float(sum(one.lost for one in every))], "≤ 0")
    yield figure("rollback_write_stall_ms", "ms", [one.write_ms for one in later], "≤ 75")
    yield figure("rollback_lost_writes", "", [float(sum(one.lost for one in later))], "≤ 0")
    yield figure("switch_busy_write_stall_ms", "ms", [one.write_ms for one in busy], "≤ 600000")
    yield figure("switch_string_stall_ms", "ms", strings, "≤ 600000")
    yield figure("restart_write_stall_ms", "ms", restarts, "≤ 600000")
    yield figure("switch_dump_stall_ms", "ms", dumps, "≤ 600000")


@contextmanager
def _pair(place: Path, number: int) -> Generator["Run"]:
    """Bring up a pair with a record of its own: a gate obeys whatever its bucket decides for its database."""
    s3 = S3(f"{NETWORK}.{200 + number}", 5007)
    os.environ["AWS_ENDPOINT_URL"] = s3.url
    httpx.post(f"{s3.url}/moto-api/reset", trust_env=False).raise_for_status()  # all of a process share what they keep
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
    try:
        run = Run(place, f"{NETWORK[:-2]}{17 + number}", s3, Authority(place) if number == TLS else None)
        try:
            yield run
        finally:
            run.close()
    finally:
        s3.stop()


class Seen(msgspec.Struct, frozen=True):
    """What clients saw of one switch."""

    write_ms: float
    read_ms: float
    failed: int
    lost: int


class Run:
    """One database with clients, from its first switch on."""

    def __init__(self, place: Path, network: str, s3: S3, authority: Authority | None) -> None:
        self._pair = Pair(place, network, s3, ("ledger",), (OLDER, OLDER), authority=authority)
        self._pair.start()
        self._member: Member = self._pair.members["ledger"]
        self._outside = self._pair.outside()
        self._first = 0

    def close(self) -> None:
        """Leave nothing running."""
        self._pair.stop()

    def fresh(self) -> Seen:
        """Warm green by what the gate saw, and switch to it for the first time."""
        with Clients(self._member.gate.uri, self._next()) as clients:
            time.sleep(15)
            (control,) = self._outside.gates.controls(self._pair.gate("ledger")).values()
            green = self._outside.servers.at(self._pair.environment.databases["ledger"], bolt(self._member.green))
            for _ in range(5):
                warm(green, control.queries("ledger"))
            time.sleep(2)
            return self._switch(clients)

    def again(self, rest: float = REST_SECONDS) -> Seen:
        """Switch between two warm servers."""
        with Clients(self._member.gate.uri, self._next(), rest=rest) as clients:
            time.sleep(1.5)
            return self._switch(clients)

    def by_string(self) -> float:
        """Switch without a gate: how long nobody can write, in milliseconds.

        The service's new task is a process of its own, started when the connection string names the other server; how
        long ECS takes to place it and its health check to pass comes on top, unless tasks are already warm.
        """
        gateless = msgspec.structs.replace(
            self._pair.environment.databases["ledger"], gate=None, switch="connection-string"
        )
        environment = msgspec.structs.replace(self._pair.environment, databases={"ledger": gateless})
        switching = Switching(environment, self._outside, self._pair.begin(30.0))
        with Clients(self._member.serving.address, self._next(), kinds=("write",)) as old:
            time.sleep(2)
            switching.prepare()
            switching.renew(SystemClock().now())
            decision = switching.decide()
            switching.obey(decision)
            self._member.turn()
            with Clients(self._member.serving.address, self._next(), kinds=("write",)) as new:
                time.sleep(3)
                (came,), (went,) = new.end(), old.end()
        self._pair.await_following()
        last = max(entry.ended for entry in went if entry.acknowledged)
        return (min(entry.ended for entry in came if entry.acknowledged) - last) * 1000

    def restart(self) -> float:
        """Restart what serves as people do without any of this: how long nobody can write, in milliseconds."""

        def again() -> None:
            self._member.serving.stop()
            self._member.serving.start()

        return seconds(again) * 1000

    def dump_and_load(self) -> float:
        """Move to a server of its own by dump and load, as people do: how long nobody can write, in milliseconds."""
        serving, place = self._member.serving, self._member.serving.home / "dumps"
        place.mkdir()

        def move() -> None:
            serving.stop()
            for verb in ("dump --to-path", "load --overwrite-destination=true --from-path"):
                verbs, options = verb.split(" ", 1)
                for name in ("system", "neo4j"):
                    admin_seconds(serving, verbs, *f"{options}={place}".split(), name)
            serving.start()

        return seconds(move) * 1000

    def _switch(self, clients: "Clients") -> Seen:
        began = time.time()
        decision, switching = self._pair.switch(self._outside)
        if decision.winner != "green":
            raise RuntimeError(str(switching.failed))
        print(f"    {switching.timing}", flush=True)
        time.sleep(1.5)
        writes, reads = clients.end()
        self._pair.await_following()
        found = keys(self._member.serving)
        mine = {entry.key for entry in writes if entry.acknowledged}
        lost = len(mine - set(found)) + len(found) - len(set(found))
        refused = [entry for entry in (*writes, *reads) if not entry.acknowledged]
        for entry in refused[:3]:
            print(f"    failed {entry.began - began:.3f} s after the switch began: {entry.why}", flush=True)
        return Seen(longest(writes, began), longest(reads, began), len(refused), lost)

    def _next(self) -> int:
        self._first += WRITERS
        return self._first


class Clients:
    """Writers and readers in processes of their own."""

    def __init__(
        self, address: str, first: int, kinds: tuple[str, ...] = ("write", "read"), rest: float = REST_SECONDS
    ) -> None:
        self._address = address
        self._first = first
        self._kinds = kinds
        self._rest = rest
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for kind in self._kinds:
            command = [sys.executable, "-m", "tests.real.stream.ledger", self._address, PASSWORD, str(WRITERS)]
            words = [*command, str(self._first), kind, str(self._rest)]
            self._processes.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def end(self) -> list[list[Entry]]:
        """Stop, and tell what each kind did."""
        told = [process.communicate(b"")[0] for process in self._processes]
        return [msgspec.json.decode(each, type=list[Entry]) for each in told]


def longest(entries: list[Entry], since: float) -> float:
    """How much longer than usual the longest request took that was under way at a moment or came after, in ms."""
    usual = statistics.median(entry.ended - entry.began for entry in entries)
    return (max(entry.ended - entry.began for entry in entries if entry.ended >= since) - usual) * 1000
