"""A busy server that is kept, copied and followed by the service as it is deployed."""

import time

import pytest
from tests.real.plugin.carrying import sums
from tests.real.plugin.conftest import Make
from tests.real.plugin.servers import plugin_jar
from tests.real.plugin.writing import Writers
from tests.real.stream.conftest import MakeLab
from tests.real.stream.lab import NAMES, await_followed

from dco_sandbox import cache
from dco_stream.restore import Neo4j, restore

pytestmark = [pytest.mark.timeout(600)]


def test_a_busy_server_is_kept_copied_and_followed(make: Make, lab: MakeLab) -> None:
    blue, green = make(), make()
    blue.start()
    site = lab()
    site.point(blue)
    site.start()
    with Writers(blue) as writers:
        writers.wait_for(50)
        site.call("seed", "ledger", "--into", str(green.home / "data"))
        green.start()
        site.point(blue, green)
        writers.wait_for(100)
    await_followed(blue, green)
    for name in NAMES:
        assert sums(green, name) == sums(blue, name)
    site.await_base()
    site.await_kept(blue.plugin.one("status", "neo4j")["transaction"])
    state = site.state()
    assert state
    assert not state.troubles
    green.stop()
    green.demand_clean()


@pytest.mark.long
def test_a_restore_is_what_was_there_at_that_moment(make: Make, lab: MakeLab) -> None:
    blue, restored = make(), make()
    blue.start()
    site = lab(segment_seconds=0.5)
    site.point(blue)
    site.start()
    with Writers(blue) as writers:
        site.await_base()
        writers.wait_for(30)
        moment = int(time.time() * 1000)
        seen = blue.plugin.one("status", "neo4j")["transaction"]
        writers.wait_for(30)
    site.await_kept(blue.plugin.one("status", "neo4j")["transaction"])
    site.await_covered(moment)
    restore(site.archive, Neo4j(cache.neo4j_home(blue.version), plugin_jar(blue.version)), restored.home, moment, print)
    restored.demand_clean()
    restored.start()
    there = restored.plugin.one("status", "neo4j")
    assert abs(there["transaction"] - seen) < 10
    writers.demand_all_until(restored, there["transaction"])
