"""Figures of a comparison: what it costs in processor time, the servers' too, and how much memory it needs."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
from measuring import Figure, figure
from stream_stage import NODES, enlarge, fill
from tests.real.plugin.servers import KEY, OLDER, PASSWORD, Server

RUNS = 5
NETWORK = "127.9.18"
KIB_PER_MB = 1024
DIFFERENT = 6
# Every node differs from then on, and with it every relationship where it stands.
CHANGE = "MATCH (n:Person) WHERE n.id >= $begin AND n.id < $begin + 25000 SET n.rating = n.rating + 1"


def figures() -> Iterator[Figure]:
    """Fill a server, copy it, compare; then change every node and compare again. Nothing is left."""
    with tempfile.TemporaryDirectory(prefix="dco-bench-") as place:
        stage = Stage(Path(place))
        try:
            yield from stage.figures()
        finally:
            for server in stage.servers:
                server.stop(kill=True)


class Stage:
    """Two servers with the same content, and how often they are compared."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.servers = [self._server(place / name, number) for number, name in ((1, "a"), (2, "b"))]
        (place / "login.json").write_text(json.dumps({"username": "neo4j", "password": PASSWORD}))
        (place / "key").write_text(KEY.hex())

    def figures(self) -> Iterator[Figure]:
        """Measure: elements of both sides for each second of processor time of both servers and of the comparison."""
        a, b = self.servers
        a.start()
        fill(a)
        a.stop()
        shutil.copytree(a.home / "data", b.home / "data")
        a.start()
        b.start()
        rates, megabytes = zip(*(self._compare(0) for _ in range(RUNS)), strict=True)
        for begin in range(0, NODES, 25_000):
            b.run(CHANGE, begin=begin)
        megabytes = [*megabytes, *(self._compare(DIFFERENT, "--any-transaction")[1] for _ in range(2))]
        megabytes.append(self._compare(DIFFERENT, "--any-transaction", "--without-plugin")[1])
        yield figure("compare_elements_per_cpu_second", "", list(rates), "≥ 150000")
        yield figure("compare_memory_mb", "MB", [max(megabytes)], "≤ 200")

    def _compare(self, code: int, *options: str) -> tuple[float, float]:
        """Compare once; give the elements for each second of processor time, and the most memory in MB."""
        means = ["--login", f"file:{self._place / 'login.json'}", "--key", f"file:{self._place / 'key'}"]
        uris = [f"bolt://{server.address}:7687" for server in self.servers]
        command = [sys.executable, "-m", "dco_stream", "compare", *uris, *means, "--share", "1", "--json", *options]
        before = [processor_seconds(server) for server in self.servers]
        said = self._place / "verdict.json"
        with said.open("wb") as out:
            process = subprocess.Popen(command, stdout=out)
            _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) != code:
            raise RuntimeError(said.read_text()[-2000:])
        verdict = json.loads(said.read_text())
        elements = sum(verdict[side][kind] for side in "ab" for kind in ("nodes", "relationships"))
        used = sum(processor_seconds(server) for server in self.servers) - sum(before)
        return elements / (used + usage.ru_utime + usage.ru_stime), usage.ru_maxrss / KIB_PER_MB

    @staticmethod
    def _server(home: Path, number: int) -> Server:
        server = Server(home, f"{NETWORK}.{number}", OLDER)
        enlarge(server)
        return server


def processor_seconds(server: Server) -> float:
    """How much processor time a server has taken since it was started, with what its launcher took."""
    launched = psutil.Process(server.pid)
    times = [one.cpu_times() for one in (launched, *launched.children(recursive=True))]
    return sum(one.user + one.system for one in times)
