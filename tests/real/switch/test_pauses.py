"""What stands still for two minutes in the middle of a switch, and wakes up into another world."""

import signal
import threading
import time
from collections.abc import Callable

import pytest
from tests.real.switch.clients import Clients, one_writer
from tests.real.switch.conftest import MakePair

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
PAUSE_SECONDS = 120.0


@pytest.mark.parametrize("which", ["gate", "blue", "green", "stream"])
def test_it_stands_still_for_two_minutes_in_a_switch(make_pair: MakePair, which: str) -> None:
    pair = make_pair("ledger")
    clients = Clients(pair)
    clients.wait_for(40)
    member = pair.members["ledger"]
    signals: dict[str, Callable[[int], None]] = {
        "gate": member.gate.signal,
        "blue": member.blue.signal,
        "green": member.green.signal,
        "stream": member.stream.send_signal,
    }
    switching = pair.switching(pair.begin(5.0))
    switching.prepare()
    signals[which](signal.SIGSTOP)
    waking = threading.Timer(PAUSE_SECONDS, lambda: signals[which](signal.SIGCONT))
    waking.start()
    began = time.monotonic()
    decision = switching.decide()
    if which == "stream" and decision.winner == "green":
        member.turn()  # it had carried everything in time
    else:
        assert decision.winner == "blue", "nobody switches with a part that does not answer"
    switching.obey(decision)
    waking.join()
    assert time.monotonic() - began >= PAUSE_SECONDS - 1
    clients.wait_for(20)
    one_writer(pair)
    again, switching = pair.switch()
    assert again.winner == "green", switching.failed
    clients.prove()
