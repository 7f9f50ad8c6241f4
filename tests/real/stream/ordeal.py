"""A busy server that is kept and followed while something is done to it; then everything must be there, once."""

import random
import time
from typing import Any

from tests.real.plugin.carrying import sums
from tests.real.plugin.conftest import Make
from tests.real.plugin.servers import OLDER, PASSWORD, Server, plugin_jar
from tests.real.stream.conftest import MakeLab
from tests.real.stream.lab import NAMES, Lab, await_followed
from tests.real.stream.ledger import FOUND, Entry, Ledger, demand_as_at

from dco_sandbox import cache
from dco_stream.restore import Neo4j, restore

RESTORES = 3


class Ordeal:
    """Blue with writers, its stream, and green, which is made by `seed`. `prove` at last."""

    def __init__(self, make: Make, lab: MakeLab, versions: tuple[str, str] = (OLDER, OLDER), **keep: Any) -> None:
        self._make = make
        self.blue, self.green = make(versions[0]), make(versions[1])
        self.site: Lab = lab(**{"segment_seconds": 0.5, **keep})
        self.blue.start()
        self.site.point(self.blue)
        self.stream = self.site.start()
        self.ledger = Ledger(self.blue.address, PASSWORD, 3)
        # Its writers would find the next test's server.
        self.site.endings.append(self.ledger.end)
        self.ledger.begin()
        self.began = time.time()

    def seed(self) -> None:
        """Make green, and let it follow."""
        self.site.call("seed", "ledger", "--into", str(self.green.home / "data"))
        self.green.start()
        self.site.point(self.blue, self.green)

    def prove(self, restores: int = RESTORES, *, begin: float = 0, behind: float = 0) -> list[Entry]:
        """Demand that nothing was lost or doubled: on blue, on green, and at some moments in the backup.

        These are since `begin`, or since the first copy; blue's clock was `behind` ours by so many seconds meanwhile.
        """
        self.ledger.wait_for(20)
        self.site.await_base()
        self.ledger.wait_for(20)
        entries = self.ledger.end()
        demand_as_at(entries, keys(self.blue))
        await_followed(self.blue, self.green)
        for name in NAMES:
            assert sums(self.green, name) == sums(self.blue, name)
        for moment in self._moments(restores, begin, behind):
            self._restore(entries, moment, behind)
        for server in (self.blue, self.green):
            server.stop()
            server.demand_clean()
        return entries

    def _moments(self, count: int, begin: float, behind: float) -> list[float]:
        """Choose moments that every copy's log covers."""
        good, _ = self.site.archive.manifests()
        begin = begin or good[0].begin / 1000 + 0.01
        end = time.time()
        self.site.await_covered(int((end - behind) * 1000))
        chance = random.Random(0)  # noqa: S311 -- moments, not secrets
        return [begin + (end - begin) * chance.random() for _ in range(count - 1)] + [end]

    def _restore(self, entries: list[Entry], moment: float, behind: float) -> None:
        made = self._make(self.blue.version)
        neo4j = Neo4j(cache.neo4j_home(made.version), plugin_jar(made.version))
        restore(self.site.archive, neo4j, made.home, int((moment - behind) * 1000), lambda _: None)
        made.demand_clean()
        made.start()
        demand_as_at(entries, keys(made), int(moment * 1000) / 1000)
        made.stop()


def keys(server: Server) -> list[int]:
    return [row["key"] for row in server.run(FOUND)]
