"""Wires that are cut in a switch: between a gate and its servers or the record, and between `dco` and everything."""

import threading
import time
from collections.abc import Iterator

import pytest
from tests.real.stream.lab import S3, until
from tests.real.stream.wire import Wire
from tests.real.switch.clients import Clients, end, one_writer
from tests.real.switch.conftest import SWITCH_NETWORK, MakePair
from tests.real.switch.pair import GateProcess, Pair

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
RECORD = f"{SWITCH_NETWORK}.60"


@pytest.fixture
def record(s3: S3) -> Iterator[Wire]:
    """A wire to the record."""
    host, _, port = s3.url.removeprefix("http://").partition(":")
    wire = Wire(RECORD, 9000, (host, int(port)))
    yield wire
    wire.close()


def behind(gate: GateProcess) -> None:
    """Start a gate anew, with the record behind the wire."""
    gate.environment["AWS_ENDPOINT_URL"] = f"http://{RECORD}:9000"
    gate.stop()
    gate.start()


def held(pair: Pair) -> list[str | None]:
    """For which switch each gate holds."""
    controls = pair.outside().gates.controls(pair.gate("ledger"))
    return [control.standing("ledger").held for control in controls.values()]


@pytest.mark.parametrize("gates", [1, 2])
def test_a_gate_that_can_not_read_the_record_serves_nobody_until_it_can(
    make_pair: MakePair, record: Wire, gates: int
) -> None:
    pair = make_pair("ledger", gates=gates)
    member = pair.members["ledger"]
    behind(member.gates[-1])
    clients = Clients(pair)
    clients.wait_for(40)
    switching = pair.switching(pair.begin(10.0))
    switching.prepare()
    record.cut()
    decision = switching.decide()
    assert decision.winner == "green", switching.failed
    obeying = threading.Thread(target=switching.obey, args=(decision,))
    obeying.start()
    if gates > 1:
        until(lambda: held(pair)[0] is None, "the one that can read it does not go on")
    before = clients.acknowledged("ledger")
    time.sleep(10)  # past its time box, too
    assert held(pair)[-1] == decision.switch
    assert clients.acknowledged("ledger")[-1] == before[-1], "it let writers go on without knowing where"
    record.mend()
    obeying.join(60)
    member.turn()
    clients.wait_for(20)
    one_writer(pair)
    clients.prove()


def test_a_gate_is_cut_off_from_blue_in_a_hold(make_pair: MakePair) -> None:
    pair = make_pair("ledger")
    member = pair.members["ledger"]
    wire = Wire(f"{SWITCH_NETWORK}.61", 7687, (member.blue.address, 7687))
    try:
        pair.lead_through(f"{SWITCH_NETWORK}.61")
        clients = Clients(pair)
        clients.wait_for(40)
        switch = pair.begin(5.0)
        switching = pair.switching(switch)
        switching.prepare()
        for control in pair.outside().gates.controls(pair.gate("ledger")).values():
            control.hold("ledger", switch, 2.0)
        wire.cut()  # nothing is fenced yet, and blue is gone for the gate and for dco
        decision = switching.decide()
        assert decision.winner == "blue"
        threading.Timer(3, wire.mend).start()
        switching.obey(decision)
        clients.wait_for(20)
        one_writer(pair)
        again, switching = pair.switch()
        assert again.winner == "green", switching.failed
        clients.prove()
    finally:
        wire.close()


def test_dco_is_cut_off_in_a_switch_and_another_one_ends_it(make_pair: MakePair) -> None:
    pair = make_pair("ledger")
    clients = Clients(pair)
    clients.wait_for(40)
    switch = pair.begin(3.0)
    cut_off = pair.switching(switch)
    cut_off.prepare()
    for control in pair.outside().gates.controls(pair.gate("ledger")).values():
        control.hold("ledger", switch, 1.5)
    time.sleep(switch.time_box_seconds + 1)  # it reaches nothing any more
    assert end(pair, switch) == "blue", "past the time box whoever looks decides that all stays"
    clients.wait_for(20)
    one_writer(pair)
    cut_off.obey(cut_off.decide())  # it comes back, and is told
    one_writer(pair)
    clients.prove()
