"""Switches under writers, forth and back: nothing is lost, nothing is there twice, no client sees an error."""

import pytest
from tests.real.plugin.servers import PASSWORD
from tests.real.stream.ledger import Ledger, demand_as_at, demand_no_error
from tests.real.stream.ordeal import keys
from tests.real.switch.conftest import MakePair
from tests.real.switch.pair import bolt

from dco.operations.switching import Timing
from dco.operations.warming import warm

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def test_a_busy_database_is_switched_forth_and_back(make_pair: MakePair) -> None:
    pair = make_pair("ledger")
    member = pair.members["ledger"]
    ledger = Ledger(member.gate.address, PASSWORD, 4)
    ledger.begin()
    ledger.wait_for(60)
    outside = pair.outside()
    (gate,) = outside.gates.controls(pair.gate("ledger")).values()
    warmed = warm(outside.servers.at(pair.environment.databases["ledger"], bolt(member.green)), gate.queries("ledger"))
    assert warmed.queries >= 1
    assert warmed.refused == 0
    timings: list[Timing] = []
    for _ in range(4):
        ledger.wait_for(60)
        decision, switching = pair.switch(outside)
        timings.append(switching.timing)
        assert decision.winner == "green", switching.failed
        assert decision.servers == {"ledger": f"bolt://{member.serving.address}:7687"}
        ledger.wait_for(60)
        pair.await_following()
    entries = ledger.end()
    demand_no_error(entries)
    demand_as_at(entries, keys(member.serving))
    pair.demand_equal()
    assert max(entry.ended - entry.began for entry in entries) < 5, timings
    for server in (member.blue, member.green):
        server.stop()
        server.demand_clean()
