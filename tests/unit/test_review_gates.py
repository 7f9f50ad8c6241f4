"""What `dco status` and `dco doctor` say of a database's gates, and whom they name that goes past them."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dco.model.databases import Database, Gate
from dco.model.errors import ConfigurationError, DcoError, Unreadable
from dco.model.finding import Finding, Mark
from dco.review import gates
from dco.seams.gates import Standing
from dco.seams.outside import Outside

ONE, TWO = "http://10.0.1.5:7690", "http://10.0.2.5:7690"
BLUE, GREEN = "bolt://10.0.3.1:7687", "bolt://10.0.3.2:7687"
DATABASE = Database(
    uri_parameter="/uri", secret="s", slot="/slot", plugin_secret="p", addresses_parameter="/addresses",
    gate=Gate(control=[ONE, TWO], secret="g"),
)  # fmt: skip
WELL = Standing(serving=BLUE, held=None, sessions=3, failed=0, moved=0, waiting=0)
APP = ("10.0.1.5:4001", "neo4j-python/6.4.1")
STREAM = ("10.0.9.9:4002", "dco-stream")
STRANGER = ("10.0.7.7:4003", "neo4j-javascript/5.28.0")


class Control:
    """One gate that says something, or does not."""

    def __init__(self, said: Standing | DcoError, links: frozenset[str]) -> None:
        self.said, self.own = said, links

    def standing(self, name: str) -> Standing:
        assert name == "ledger"
        if isinstance(self.said, DcoError):
            raise self.said
        return self.said

    def links(self, name: str) -> frozenset[str]:
        assert name == "ledger"
        return self.own


class Listed:
    """A server with clients, others each time that it is asked."""

    def __init__(self, *times: tuple[tuple[str, str], ...]) -> None:
        self.times = list(times)

    def query(self, cypher: str, parameters: Mapping[str, Any], *, undo: bool) -> list[dict[str, Any]]:
        assert ("listConnections" in cypher, parameters, undo) == (True, {}, True)
        now = self.times.pop(0) if len(self.times) > 1 else self.times[0]
        return [{"place": place, "agent": agent} for place, agent in now]


def outside(
    *said: Standing | DcoError, clients: Listed | None = None, uri: str = "bolt://balancer:7687", colour: str = "blue"
) -> Outside:
    links = frozenset({APP[0]})
    controls = {address: Control(one, links) for address, one in zip((ONE, TWO), said, strict=False)}
    values = {
        "/uri": uri,
        "/slot": json.dumps({"image": "ami-1", "version": "5.26.30", "colour": colour}),
        "/addresses": json.dumps({"blue": BLUE, "green": GREEN}),
    }
    server = clients or Listed((APP, STREAM))

    def at(database: Database, address: str) -> Listed:
        assert (database, address) == (DATABASE, BLUE)
        return server

    def named(gate: Gate) -> Mapping[str, Control]:
        assert gate == DATABASE.gate
        return controls

    made = SimpleNamespace(
        gates=SimpleNamespace(controls=named),
        parameters=SimpleNamespace(get=values.get),
        servers=SimpleNamespace(at=at),
    )
    return cast("Outside", made)


def well(*findings: Finding) -> set[Mark]:
    return {one.mark for one in findings}


def test_gates_that_are_well_say_who_serves() -> None:
    said = gates.sentence("ledger", DATABASE, outside(WELL, WELL))
    assert said == f"2 gates, blue ({BLUE}) serves, 6 sessions"
    found = gates.findings("ledger", DATABASE, outside(WELL, WELL))
    assert well(*found) == {Mark.OK}
    assert found[0].detail == f"{ONE} takes the key; blue ({BLUE}) serves, 3 sessions"


def test_what_is_not_as_on_every_day_is_said() -> None:
    odd = Standing(serving=BLUE, held="s7", sessions=3, failed=0, moved=0, waiting=2, versions=("5.0", "5.4"), behind=1)
    told = gates.sentence("ledger", DATABASE, outside(odd))
    assert told.endswith("3 sessions, held for switch s7, 2 wait, 1 not there yet, only Bolt 5.0, 5.4 is offered")
    assert "holds writes for switch s7" in gates.findings("ledger", DATABASE, outside(odd))[0].detail


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((WELL, Unreadable(f"the gate at {TWO} does not answer: 0", "is it running?")), "does not answer"),
        ((WELL, ConfigurationError(f"the gate at {TWO}: the proof does not fit", "…")), "proof does not fit"),
        ((WELL, Standing(serving=GREEN, held=None, sessions=1, failed=0, moved=0, waiting=0)), "disagree"),
    ],
)
def test_a_gate_that_is_silent_or_of_another_mind_wants_a_person(said: tuple[Any, ...], told: str) -> None:
    sentence = gates.sentence("ledger", DATABASE, outside(*said))
    assert (sentence[:4], told in sentence) == ("NG: ", True), sentence
    assert Mark.NG in well(*gates.findings("ledger", DATABASE, outside(*said)))


def test_a_gate_that_goes_elsewhere_than_the_slot_says_is_named() -> None:
    found = gates.findings("ledger", DATABASE, outside(WELL, colour="green"))
    assert found[0].detail == f"{ONE} goes to blue ({BLUE}), the slot says green ({GREEN})"


def test_clients_that_are_told_a_server_itself_are_past_the_gate() -> None:
    found = gates.findings("ledger", DATABASE, outside(WELL, uri=BLUE))
    assert f"/uri tells clients {BLUE}, which is blue itself and no gate" in [one.detail for one in found]


def test_a_client_past_the_gate_is_named_and_nobody_who_comes_or_goes() -> None:
    passing = ("10.0.7.8:4004", "neo4j-go/5.0")
    clients = Listed((APP, STREAM, STRANGER, passing), (APP, STREAM, STRANGER, ("10.0.7.9:4005", "neo4j-go/5.0")))
    found = gates.findings("ledger", DATABASE, outside(WELL, clients=clients))[-1]
    assert (found.mark, found.detail) == (Mark.NG, "past the gate: 10.0.7.7:4003 (neo4j-javascript/5.28.0)")
    alone = gates.findings("ledger", DATABASE, outside(Unreadable("the gate is gone", "…")))[-1]
    assert alone.mark is Mark.SKIP
