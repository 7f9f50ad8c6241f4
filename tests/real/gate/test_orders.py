"""Orders that must be refused, and those that must last."""

import pytest
from neo4j import GraphDatabase
from tests.real.gate.conftest import NETWORK, Pair
from tests.real.gate.gates import AUTH, Gate, bolt

from dco_gate.control import Control
from dco_gate.errors import ConfigurationError, ForbiddenError, RefusedError, UnknownError, UnreachableError
from dco_gate.settings import Address
from dco_gate.state import Candidates


def test_orders_that_make_no_sense_change_nothing(gate: Gate) -> None:
    blue, green = gate.servers["blue"], gate.servers["green"]
    other = Control(Address(gate.address, 7690), bytes(32))
    with pytest.raises(ForbiddenError, match="the proof does not fit"):
        other.hold("ledger", "s", gate.candidates)
    with pytest.raises(UnknownError, match="has no database 'lodger'"):
        gate.control.prepare("lodger", green)
    with pytest.raises(RefusedError, match=r"blue is the server|calls .* blue"):
        gate.control.hold("ledger", "s", {"ledger": Candidates(green, blue)})
    with pytest.raises(ConfigurationError, match="names no candidates for ledger"):
        gate.control.hold("ledger", "s", {"search": Candidates(blue, green)})
    with pytest.raises(UnreachableError, match="can't be reached"):
        gate.control.prepare("ledger", f"bolt://{NETWORK}.99:7687")
    with pytest.raises(ConfigurationError, match="is no address of a server"):
        gate.control.prepare("ledger", "http://somewhere")
    for call in (gate.control.move, gate.control.give_up):
        with pytest.raises(RefusedError, match="is not held for switch s"):
            call("ledger", "s")
    gate.control.hold("ledger", "one", gate.candidates, time_box_seconds=60)
    with pytest.raises(RefusedError, match="is held for switch one"):
        gate.control.hold("ledger", "another", gate.candidates)
    with pytest.raises(RefusedError, match="one is not decided"):
        gate.control.move("ledger", "one")
    assert gate.control.hold("ledger", "one", gate.candidates).switch == "one"
    gate.control.give_up("ledger", "one")
    assert gate.control.give_up("ledger", "one").serving == blue
    told = gate.run("status", "--json")
    assert told.returncode == 0
    assert f'"serving": "{blue}"' in told.stdout


def test_versions_are_narrowed_durably(gate: Gate) -> None:
    with gate.connect() as driver:
        driver.verify_connectivity()
        versions = gate.control.versions("ledger", tuple(gate.servers.values()))
        assert versions[-1] == "5.8"
        gate.stop(kill=True)
        gate.start()
        assert gate.status.versions == versions
        driver.execute_query("RETURN 1")
        gate.control.versions("ledger", ())
    assert gate.status.versions is None


def test_the_bypass_names_the_serving_server_and_sets_the_parameter(gate: Gate, pair: Pair) -> None:
    gate.switch("s")
    gate.control.hold("ledger", "t", gate.candidates, time_box_seconds=60)
    refused = gate.run("bypass", "ledger", "--execute")
    assert refused.returncode == 4
    assert "held for switch t" in refused.stderr
    gate.control.give_up("ledger", "t")
    gate.stop(kill=True)
    told = gate.run("bypass", "ledger", "--execute")
    assert told.returncode == 0, told.stderr
    assert f"ledger is served by {bolt(pair[1])}" in told.stdout
    stored = gate.bucket.ssm.get_parameter(Name="/tests/ledger/uri")["Parameter"]["Value"]
    assert stored == bolt(pair[1])
    with GraphDatabase.driver(stored, auth=AUTH) as driver:
        assert driver.execute_query("MATCH (h:Here) RETURN h.name AS n").records[0]["n"] == "green"
    gate.bucket.decide("u", "green", {"ledger": bolt(pair[0])})
    assert bolt(pair[0]) in gate.run("bypass", "ledger").stdout, "a switch that the dead gate missed"
