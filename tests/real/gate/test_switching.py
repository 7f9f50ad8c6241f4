"""Holding, moving and giving up with real drivers at work."""

import pytest
from tests.real.gate.gates import Gate, wait_until
from tests.real.gate.traffic import Traffic

from dco_gate.errors import RefusedError


def test_many_switches_back_and_forth_fail_no_request(gate: Gate) -> None:
    with gate.connect() as driver, Traffic(driver) as traffic:
        for number in range(10):
            gate.switch(f"s{number}")
            status = gate.status
            assert status.serving == gate.servers["blue" if number % 2 else "green"]
            traffic.more()
            wait_until(lambda: gate.status.behind == 0)
    assert {"blue", "green"} == set(traffic.wrote) == set(traffic.read)
    assert gate.status.failed == 0
    assert gate.status.moved >= 40


def test_reads_go_on_while_writes_are_held_and_giving_up_leaves_all_as_before(gate: Gate) -> None:
    with gate.connect() as driver, Traffic(driver) as traffic:
        gate.control.hold("ledger", "s", gate.candidates, time_box_seconds=60)
        wrote, read = len(traffic.wrote), len(traffic.read)
        wait_until(lambda: len(traffic.read) > read + 50)
        assert len(traffic.wrote) <= wrote + 3
        assert gate.status.waiting == 3
        outcome = gate.control.give_up("ledger", "s")
        assert (outcome.winner, outcome.serving) == ("blue", gate.servers["blue"])
        traffic.more()
    assert set(traffic.wrote) == {"blue"}
    decided = gate.bucket.decision("s")
    assert decided is not None
    assert decided.servers == {"ledger": gate.servers["blue"]}


def test_a_transaction_that_outlasts_the_drain_is_named_and_the_hold_given_up(gate: Gate) -> None:
    with gate.connect() as driver, driver.session() as session, Traffic(driver) as traffic:
        with session.begin_transaction() as transaction:
            transaction.run("CREATE (:Lasting)").consume()
            with pytest.raises(RefusedError, match=r"still writing: .*CREATE \(:Lasting\)"):
                gate.control.hold("ledger", "s", gate.candidates, drain_seconds=0.3)
            transaction.rollback()
        traffic.more()
    assert gate.status.held is None


def test_past_the_time_box_the_gate_itself_proposes_blue(gate: Gate) -> None:
    with gate.connect() as driver, Traffic(driver) as traffic:
        gate.control.hold("ledger", "s", gate.candidates, time_box_seconds=0.5)
        wait_until(lambda: gate.status.held is None)
        traffic.more()
        with pytest.raises(RefusedError, match="switch s is decided already"):
            gate.control.hold("ledger", "s", gate.candidates)
    decided = gate.bucket.decision("s")
    assert decided is not None
    assert decided.winner == "blue"


def test_a_gate_that_was_killed_in_a_hold_holds_again_and_obeys(gate: Gate) -> None:
    with gate.connect(max_transaction_retry_time=60) as driver, Traffic(driver, readers=0) as traffic:
        candidates = gate.candidates
        gate.control.hold("ledger", "s", candidates, time_box_seconds=60)
        gate.stop(kill=True)
        gate.start()
        assert gate.status.held == "s"
        wrote = len(traffic.wrote)
        wait_until(lambda: gate.status.waiting == 3 or traffic.failures)
        assert len(traffic.wrote) <= wrote + 3
        assert set(traffic.wrote) == {"blue"}
        gate.bucket.decide("s", "green", {"ledger": candidates["ledger"].green})
        wait_until(lambda: gate.status.serving == candidates["ledger"].green)
        traffic.more()
        assert traffic.wrote[-1] == "green"
    gate.stop(kill=True)
    gate.start()
    assert gate.status.serving == candidates["ledger"].green
