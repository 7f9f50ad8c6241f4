"""What clients may do to a gate."""

import socket
import struct
import threading
import time

import pytest
from tests.real.gate.conftest import Pair
from tests.real.gate.gates import Gate, wait_until
from tests.real.gate.raw import ALL, BEGIN, RESET, Raw, run
from tests.real.gate.traffic import Traffic

from dco_gate import bolt as words
from dco_gate.errors import RefusedError


def test_pipelined_requests_are_held_and_answered_in_order(held: Gate) -> None:
    client = Raw(held)
    client.send(run("RETURN 1", mode="r"), ALL, run("CREATE (x:Held) DELETE x"), ALL, run("RETURN 2", mode="r"), ALL)
    assert client.tags(2) == [words.SUCCESS] * 2
    wait_until(lambda: held.status.waiting == 1)
    held.control.give_up("ledger", "s")
    assert client.tags(4) == [words.SUCCESS] * 4


def test_a_reset_takes_back_what_is_held(held: Gate) -> None:
    client = Raw(held)
    client.send(BEGIN, run("CREATE (:Never)"), ALL, RESET)
    assert client.tags(4) == [words.IGNORED] * 3 + [words.SUCCESS]
    client.send(run("MATCH (n:Never) RETURN n", mode="r"), ALL)
    assert client.tags(2) == [words.SUCCESS] * 2
    assert held.status.waiting == 0


def test_what_failed_before_the_hold_stays_failed_until_its_reset(gate: Gate) -> None:
    client = Raw(gate)
    client.send(BEGIN, run("NO CYPHER"), ALL)
    assert client.tags(3) == [words.SUCCESS, words.FAILURE, words.IGNORED]
    gate.switch("s")
    client.send(run("CREATE (:Never)"), ALL)
    assert client.tags(2) == [words.IGNORED] * 2, "the server that takes over must not run this"
    assert gate.status.behind == 1
    client.send(RESET, run("MATCH (h:Here) WHERE h.name = 'green' RETURN h"), ALL)
    assert client.tags(3) == [words.SUCCESS] * 3
    wait_until(lambda: gate.status.behind == 0)


def test_a_client_that_vanishes_in_a_hold_leaves_nothing(held: Gate) -> None:
    client = Raw(held)
    client.send(BEGIN, run("CREATE (:Never)"), ALL)
    wait_until(lambda: held.status.waiting == 1)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()
    wait_until(lambda: held.status.sessions == 0)
    held.control.give_up("ledger", "s")
    with held.connect() as driver:
        assert driver.execute_query("MATCH (n:Never) RETURN count(n) AS found").records[0]["found"] == 0


def test_another_log_on_is_known_to_the_server_that_takes_over(gate: Gate, pair: Pair) -> None:
    for server in pair:
        server.run("CREATE OR REPLACE USER other SET PASSWORD 'another-password' CHANGE NOT REQUIRED", "system")
    client = Raw(gate)
    other = {"scheme": "basic", "principal": "other", "credentials": "another-password"}
    gate.control.prepare("ledger", gate.servers["green"])
    client.send(words.message(words.LOGOFF), words.message(words.LOGON, other))
    assert client.tags(2) == [words.SUCCESS] * 2
    wait_until(lambda: gate.status.standbys == 1)
    gate.switch("s")
    client.send(run("SHOW CURRENT USER YIELD user WHERE user = 'other' RETURN 1 / size(collect(user))"), ALL)
    assert client.tags(2) == [words.SUCCESS] * 2


def test_a_request_of_many_megabytes_is_held_without_being_kept(held: Gate) -> None:
    before = held.memory_mb()
    client = Raw(held)
    big = words.message(words.RUN, "RETURN size($text) AS s", {"text": "x" * 30_000_000}, {})
    sending = threading.Thread(target=client.send, args=(big, ALL), daemon=True)
    sending.start()
    wait_until(lambda: held.status.waiting == 1)
    time.sleep(0.5)  # it would be read on and on
    assert held.memory_mb() < before + 20
    held.control.give_up("ledger", "s")
    assert client.tags(2) == [words.SUCCESS] * 2
    sending.join(20)
    assert held.memory_mb() < before + 40


def test_a_client_that_stops_reading_stops_nobody_and_costs_no_memory(gate: Gate) -> None:
    client = Raw(gate, buffer=8_192)
    client.send(run("UNWIND range(1, 600000) AS i RETURN i, 'some text ' + i", mode="r"), ALL)
    with gate.connect() as driver, Traffic(driver) as traffic:
        before = gate.memory_mb()
        gate.switch("s")
        traffic.more(100)
        assert gate.memory_mb() < before + 10
        wait_until(lambda: gate.status.behind == 1)
    assert client.tags(2) == [words.SUCCESS] * 2, "it reads to the end on the server where it began"
    wait_until(lambda: gate.status.behind == 0)


def test_a_writer_that_stops_reading_is_named(gate: Gate) -> None:
    client = Raw(gate, buffer=8_192)
    client.send(run("UNWIND range(1, 600000) AS i RETURN i, 'some text ' + i"), ALL)
    wait_until(lambda: gate.status.running)
    with pytest.raises(RefusedError, match=r"still writing: .*UNWIND"):
        gate.control.hold("ledger", "s", gate.candidates, drain_seconds=0.2)
    client.socket.close()


@pytest.mark.long
def test_five_hundred_idle_sessions_are_moved_and_burst_at_the_release(gate: Gate) -> None:
    clients = [Raw(gate) for _ in range(500)]
    prepared = gate.control.prepare("ledger", gate.servers["green"])
    assert (prepared.ready, prepared.failed) == (500, 0)
    gate.control.hold("ledger", "s", gate.candidates, time_box_seconds=60)
    for client in clients:
        client.send(run("MATCH (h:Here) WHERE h.name = 'green' CREATE (x:Burst) DELETE x RETURN 1 / count(h)"), ALL)
    wait_until(lambda: gate.status.waiting == 500)
    gate.bucket.decide("s", "green", {"ledger": gate.servers["green"]})
    outcome = gate.control.move("ledger", "s")
    assert (outcome.there + outcome.later, outcome.failed) == (500, 0)
    for client in clients:
        assert client.tags(2) == [words.SUCCESS] * 2, client.said
