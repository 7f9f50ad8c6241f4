"""Deaths and pauses in a switch: whoever comes next ends it, one server takes writes, and nothing is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.real.plugin.servers import NEWER, OLDER
from tests.real.stream.lab import until
from tests.real.stream.ledger import demand_no_error
from tests.real.switch.clients import Clients, end, one_writer
from tests.real.switch.conftest import MakePair
from tests.real.switch.pair import Pair

from dco.model.errors import StepFailed
from dco.model.switch import Switch
from dco.providers.clock import SystemClock
from dco.record import switches

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
chance = random.Random(11)  # noqa: S311 -- moments, not secrets


def test_a_pair_is_switched_as_one(make_pair: MakePair) -> None:
    pair = make_pair("ledger", "search")
    clients = Clients(pair)
    for _ in range(2):
        clients.wait_for(50)
        decision, switching = pair.switch()
        assert decision.winner == "green", switching.failed
        clients.wait_for(20)
        pair.await_following()
    for entries in clients.prove().values():
        demand_no_error(entries)


def test_between_versions_forth_and_back(make_pair: MakePair) -> None:
    pair = make_pair("ledger", versions=(OLDER, NEWER))
    clients = Clients(pair)
    for _ in range(4):
        clients.wait_for(60)
        decision, switching = pair.switch()
        assert decision.winner == "green", switching.failed
        clients.wait_for(30)
        pair.await_following()
    for entries in clients.prove().values():
        demand_no_error(entries)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_dco_dies_or_stands_still_in_a_switch(make_pair: MakePair, number: int, tmp_path: Path) -> None:
    pair = make_pair("ledger")
    clients = Clients(pair)
    for round_ in range(4):
        clients.wait_for(40)
        switch = pair.begin(2.0)
        other = start_elsewhere(pair, switch, tmp_path / f"{round_}.json")
        until(lambda switch=switch: switches.begun(pair.outside().objects, switch.id), "it did not begin")
        time.sleep(chance.uniform(0, 0.15))
        os.kill(other.pid, number)
        winner = end(pair, switch)
        clients.wait_for(20)
        one_writer(pair)
        if number == signal.SIGSTOP:
            os.kill(other.pid, signal.SIGCONT)
            other.wait(60)
            one_writer(pair)
        other.kill()
        other.wait()
        assert winner in {"green", "blue"}
        pair.await_following()
    clients.prove()


def test_whoever_slept_through_a_switch_back_changes_nothing(make_pair: MakePair) -> None:
    pair = make_pair("ledger")
    clients = Clients(pair)
    clients.wait_for(30)
    first = pair.begin()
    sleeper = pair.switching(first)
    sleeper.prepare()
    decided = sleeper.decide()
    assert decided.winner == "green"
    assert end(pair, first) == "green"
    pair.await_following()
    second, _ = pair.switch()
    assert second.winner == "green"
    pair.await_following()
    with pytest.raises(StepFailed, match="because it"):
        sleeper.obey(decided)
    one_writer(pair)
    clients.prove()


def test_a_gate_is_killed_in_a_switch(make_pair: MakePair) -> None:
    pair = make_pair("ledger", "search")
    clients = Clients(pair)
    gate = pair.members["search"].gate
    for _ in range(2):
        clients.wait_for(40)
        switch = pair.begin(2.0)
        switching = pair.switching(switch)
        switching.prepare()
        gate.stop()
        decision = switching.decide()
        assert decision.winner == "blue", "a pair is not switched when one of its gates is gone"
        gate.start()
        switching.obey(decision)
        clients.wait_for(20)
        one_writer(pair)
    clients.prove()


@pytest.mark.parametrize("which", ["blue", "green", "stream"])
def test_something_else_dies_in_a_switch(make_pair: MakePair, which: str) -> None:
    pair = make_pair("ledger")
    clients = Clients(pair)
    clients.wait_for(40)
    member = pair.members["ledger"]
    switch = pair.begin(2.0)
    switching = pair.switching(switch)
    switching.prepare()
    harm: dict[str, Callable[[], object]] = {
        "blue": lambda: member.blue.stop(kill=True),
        "green": lambda: member.green.stop(kill=True),
        "stream": member.stream.kill,
    }
    harm[which]()
    clients_go_on = which != "blue"
    decision = switching.decide()
    if which == "stream" and decision.winner == "green":
        member.turn()  # it had carried everything in time
    if which == "blue":
        member.blue.start()
    if which == "green":
        member.green.start()
    if which == "stream":
        member.stream = member.site.start()
    switching.obey(decision)
    if clients_go_on:
        assert decision.winner == "blue" or which == "stream"
    clients.wait_for(20)
    one_writer(pair)
    clients.prove()


def test_two_operators_at_once(make_pair: MakePair) -> None:
    pair = make_pair("ledger")
    clients = Clients(pair)
    clients.wait_for(30)
    first, second = pair.begin(), pair.begin()
    one = pair.switching(first)
    one.prepare()
    one.renew(SystemClock().now())
    decided = one.decide()
    assert decided.winner == "green"
    other = pair.switching(second)
    late = other.decide()
    assert late.winner == "blue", "the other finds its source fenced or the gate held"
    one.obey(decided)
    other.obey(late)
    pair.members["ledger"].turn()
    clients.wait_for(20)
    one_writer(pair)
    clients.prove()


def start_elsewhere(pair: Pair, switch: Switch, file: Path) -> "subprocess.Popen[bytes]":
    """Carry out a switch in another process."""
    file.write_bytes(msgspec.json.encode((pair.environment, switch, str(pair.place))))
    command = [sys.executable, "-m", "tests.real.switch.elsewhere", str(file)]
    return subprocess.Popen(command)
