"""What may happen to a gate, to its record and to the servers behind it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from neo4j.exceptions import DriverError, Neo4jError, ServiceUnavailable, SessionExpired
from tests.real.gate.conftest import NETWORK, MakeGate, Pair
from tests.real.gate.gates import Gate, wait_until
from tests.real.gate.traffic import Traffic

from dco_gate.errors import RefusedError, UnreachableError
from dco_gate.state import Candidates
from dco_gate.switching import ASK_SECONDS, ORDER_SECONDS


def test_a_gate_that_stood_still_in_a_hold_wakes_up_and_obeys(gate: Gate) -> None:
    candidates = gate.candidates
    with gate.connect() as driver, Traffic(driver) as traffic:
        gate.control.hold("ledger", "s", candidates, time_box_seconds=0.5)
        gate.signal(signal.SIGSTOP)
        gate.bucket.decide("s", "green", {"ledger": candidates["ledger"].green})
        time.sleep(1.5)  # past its time box
        wrote = len(traffic.wrote)
        gate.signal(signal.SIGCONT)
        traffic.more()
        assert set(traffic.wrote[wrote + 1 :]) == {"green"}
    decided = gate.bucket.decision("s")
    assert decided is not None
    assert decided.winner == "green"


def test_a_decision_that_a_gate_sees_by_itself_waits_for_the_order_to_move(gate: Gate) -> None:
    # the winner does not take writes yet when it is decided, only when whoever decided says so
    candidates = gate.candidates
    with gate.connect() as driver, Traffic(driver) as traffic:
        gate.control.hold("ledger", "s", candidates, time_box_seconds=60)
        gate.bucket.decide("s", "green", {"ledger": candidates["ledger"].green})
        time.sleep(4 * ASK_SECONDS)
        assert gate.status.held == "s"
        wrote = len(traffic.wrote)
        wait_until(lambda: gate.status.serving == candidates["ledger"].green, ORDER_SECONDS + 5)
        traffic.more()
        assert set(traffic.wrote[wrote + 1 :]) == {"green"}, "nobody said so: it goes by itself"


def test_while_the_record_is_silent_what_is_held_stays_held(gate: Gate) -> None:
    candidates = gate.candidates
    with gate.connect() as driver, Traffic(driver) as traffic:
        gate.control.hold("ledger", "s", candidates, time_box_seconds=0.1)
        gate.bucket.stop()
        try:
            gate.stop(kill=True)
            gate.start()
            time.sleep(1)  # the time box ends
            assert gate.status.held == "s"
            wrote = len(traffic.wrote)
            with pytest.raises(UnreachableError, match="did not answer"):
                gate.control.give_up("ledger", "s")
            with pytest.raises((UnreachableError, RefusedError)):
                gate.control.move("ledger", "s")
            assert len(traffic.wrote) <= wrote + 1
            told = gate.run("bypass", "ledger")
            assert told.returncode == 4
            assert "nobody may choose a server now" in told.stderr
        finally:
            gate.bucket.start()
        traffic.more()
        traffic.failures = [one for one in traffic.failures if "ncomplete" not in str(type(one))]  # readers' commits
    assert set(traffic.wrote) == {"blue"}


def test_a_hold_that_can_not_be_written_down_is_refused(gate: Gate) -> None:
    (gate.home / "state").chmod(0o500)
    if os.access(gate.home / "state", os.W_OK):
        # root may write everywhere: put a directory in the way instead
        (gate.home / "state").chmod(0o700)
        assert gate.process is not None
        (gate.home / "state" / f"ledger.{gate.process.pid}.new").mkdir()
    with pytest.raises(RefusedError, match="can't be written down"):
        gate.control.hold("ledger", "s", gate.candidates)
    with gate.connect() as driver:
        driver.execute_query("MATCH (h:Here) SET h.at = 1")


def test_a_fence_sends_the_gate_to_the_record(gate: Gate, pair: Pair) -> None:
    blue, _ = pair
    with gate.connect(max_transaction_retry_time=60) as driver, Traffic(driver) as traffic:
        blue.plugin.one("fence", "neo4j", True, "a switch without this gate")
        try:
            gate.bucket.decide("elsewhere", "green", {"ledger": gate.servers["green"]})
            wait_until(lambda: gate.status.serving == gate.servers["green"])
            traffic.more()
            assert traffic.wrote[-1] == "green"
        finally:
            blue.plugin.one("fence", "neo4j", False, "")


def test_a_switch_that_came_too_late_and_was_given_up_moves_nobody(gate: Gate) -> None:
    candidates = gate.candidates
    blue, green = candidates["ledger"].blue, candidates["ledger"].green
    with gate.connect() as driver, Traffic(driver) as traffic:
        gate.switch("in-time")
        gate.bucket.decide("too-late", "blue", {"ledger": blue})  # by somebody who thought that blue serves
        gate.stop(kill=True)
        shutil.rmtree(gate.home / "state")
        gate.start()
        wait_until(lambda: gate.status.serving == green)
        wrote = len(traffic.wrote)
        traffic.failures.clear()
        traffic.more()
        assert set(traffic.wrote[wrote + 1 :]) == {"green"}
    told = gate.run("bypass", "ledger").stdout
    assert f"ledger is served by {green}" in told
    assert blue not in told


def test_a_new_gate_takes_over_from_one_that_drains(make_gate: MakeGate, gate: Gate) -> None:
    del make_gate
    with gate.connect(max_transaction_retry_time=60) as driver, driver.session() as session:
        transaction = session.begin_transaction()
        transaction.run("CREATE (:Lasting)").consume()
        old = gate.process
        assert old is not None
        gate.launch()
        wait_until(lambda: gate.log.count("The gate serves") == 2)
        with Traffic(driver) as traffic:
            old.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert old.poll() is None, "it waits for the transaction"
            traffic.more(50)
            wait_until(lambda: _refused_to_hold(gate))
            transaction.rollback()
            assert old.wait(60) == 0
            wait_until(lambda: gate.status.owns)
            gate.switch("s")
            traffic.more()
            assert traffic.wrote[-1] == "green"
            traffic.failures = [one for one in traffic.failures if not _lost(one)]


def _lost(failure: Exception) -> bool:
    return isinstance(failure, (ServiceUnavailable, SessionExpired))


def _refused_to_hold(gate: Gate) -> bool:
    try:
        gate.control.hold("ledger", "early", gate.candidates)
    except RefusedError as error:
        return "still ending" in error.what
    except UnreachableError:
        return False
    return False


def test_a_green_that_is_not_there_ends_sessions_so_that_drivers_come_back(gate: Gate) -> None:
    nowhere = f"bolt://{NETWORK}.98:7687"
    with gate.connect(max_transaction_retry_time=60) as driver, Traffic(driver, readers=0) as traffic:
        gate.control.hold("ledger", "s", {"ledger": Candidates(gate.servers["blue"], nowhere)}, time_box_seconds=60)
        gate.bucket.decide("s", "green", {"ledger": nowhere})
        gate.control.move("ledger", "s")
        wait_until(lambda: gate.status.failed > 0)
        gate.control.hold("ledger", "t", {"ledger": Candidates(nowhere, gate.servers["blue"])}, time_box_seconds=60)
        gate.bucket.decide("t", "green", {"ledger": gate.servers["blue"]})
        gate.control.move("ledger", "t")
        traffic.more()
    assert set(traffic.wrote) == {"blue"}


def test_health_tells_of_a_server_that_does_not_answer(make_gate: MakeGate) -> None:
    gate = make_gate("alone")
    text = (gate.home / "gate.toml").read_text().replace(gate.servers["blue"], f"bolt://{NETWORK}.97:7687")
    (gate.home / "gate.toml").write_text(text)
    gate.start()
    asked = f"import httpx; print(httpx.get('http://{gate.address}:7690/health', trust_env=False).text)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert "can't be reached" in told
    with pytest.raises((DriverError, Neo4jError)), gate.connect(max_transaction_retry_time=0.1) as driver:
        driver.verify_connectivity()
    assert Path(gate.home / "gate.log").exists()
