"""Databases without a gate: the connection string is set and services are rolled, or all is as before."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from tests.flow.pair_desk import ENVIRONMENT, NAMES, Desk, bolt

from dco.model.environment import Environment
from dco.model.outcome import Outcome
from dco.model.release import Release
from dco.record import bakes, nights, releases
from dco.seams.outside import Outside
from dco.seams.services import Rollout

BLUE, GREEN = ({name: bolt(name, colour) for name in NAMES} for colour in ("blue", "green"))
APPLICATION = {
    "repository": "r",
    "image_parameter": "/api/image",
    "builder": {"kind": "command", "command": ["true"]},
    "services": {"api": {"cluster": "c", "name": "api", "family": "api", "container": "api"}},
}


def without_gates() -> Environment:
    made = msgspec.to_builtins(ENVIRONMENT)
    for one in made["databases"].values():
        one |= {"gate": None, "switch": "connection-string"}
    return msgspec.convert(made | {"applications": {"api": APPLICATION}}, Environment)


@dataclass
class FakeServices:
    """One service; its tasks speak with the servers that the parameters named when they were started."""

    desk: "StringDesk"
    known: dict[str, str] = field(default_factory=dict[str, str])
    runs: str = "api:1"
    clients: dict[str, str] = field(default_factory=dict[str, str])

    def rollout(self, cluster: str, service: str, container: str | None = None) -> Rollout:
        assert (cluster, service, container) == ("c", "api", "api")
        return Rollout(
            revision=self.runs, state="completed", settled=True, wanted=2, running=2, failed_tasks=0,
            images=("sha256:1",), events=(),
        )  # fmt: skip

    def image_of(self, revision: str, container: str | None = None) -> str:
        del revision, container
        return "r@sha256:1"

    def registered(self, family: str, token: str) -> str | None:
        assert family == "api"
        return self.known.get(token)

    def register(self, base: str, image: str, token: str) -> str:
        assert (base, image) == (self.runs, "r@sha256:1")
        self.desk.event(f"register {token}")
        self.known[token] = f"api:{len(self.known) + 2}"
        return self.known[token]

    def roll(self, cluster: str, service: str, revision: str, *, singleton: bool) -> None:
        assert (cluster, service, singleton) == ("c", "api", False)
        self.desk.event(f"roll {revision}")
        self.runs = revision
        self.clients = {name: self.desk.parameters[f"/{name}/uri"] for name in NAMES}


@dataclass
class StringDesk(Desk):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.services = FakeServices(self, clients=dict(BLUE))
        for name in NAMES:
            self.parameters[f"/{name}/uri"] = BLUE[name]

    def outside(self) -> Outside:
        made: Any = self.services
        return dataclasses.replace(super().outside(), services=made)

    def uris(self) -> dict[str, str]:
        return {name: self.parameters[f"/{name}/uri"] for name in NAMES}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> StringDesk:
    def recorded(environment: Any, outside: Any, revision: str, night: str, at: str) -> Release:
        del environment
        present = releases.read(outside.objects)
        assert present is not None
        return msgspec.structs.replace(present, revision=revision, night=night, at=at)

    monkeypatch.setattr("dco.flow.ending.released_now", recorded)
    made = StringDesk()
    made.events.clear()
    return made


def test_services_are_rolled_to_the_new_servers_and_back(desk: StringDesk) -> None:
    environment = without_gates()
    report = desk.redeploy(environment=environment)
    assert report.outcome is Outcome.DEPLOYED, report.sentence
    assert desk.serving() == desk.uris() == desk.services.clients == GREEN
    assert [event for event in desk.events if event.startswith("hold")] == []
    plan = nights.plan_of(desk.objects, report.night)
    assert plan is not None
    assert "ledger and search can't be written until every service was rolled" in plan.steps[-1].reason
    back = desk.bake(environment, back="it is slow")
    assert back.outcome is Outcome.DEPLOYED, back.sentence
    assert desk.serving() == desk.uris() == desk.services.clients == BLUE


def test_a_bake_without_gates_ends_as_any(desk: StringDesk) -> None:
    environment = without_gates()
    desk.redeploy(environment=environment)
    report = desk.bake(environment)
    assert report.outcome is Outcome.DEPLOYED, report.sentence
    assert desk.serving() == desk.services.clients == GREEN


def test_without_the_word_a_gate_is_demanded(desk: StringDesk) -> None:
    made = msgspec.to_builtins(without_gates())
    for one in made["databases"].values():
        one["switch"] = "gate"
    report = desk.redeploy(environment=msgspec.convert(made, Environment))
    assert report.outcome is Outcome.REFUSED
    assert "gates of ledger: it has none" in report.sentence


@pytest.mark.parametrize("at", range(28))
def test_whatever_fails_clients_are_where_writes_are_taken(desk: StringDesk, at: int) -> None:
    seen = desk.strike_at(at)
    report = desk.redeploy(environment=without_gates())
    desk.strike = lambda _: None
    desk.carry()
    assert report.outcome in {Outcome.ROLLED_BACK, Outcome.DEPLOYED}, (seen, report.sentence)
    wanted = GREEN if report.outcome is Outcome.DEPLOYED else BLUE
    assert desk.serving() == desk.uris() == desk.services.clients == wanted, seen
    assert (bakes.open_one(desk.objects) is None) == (wanted is BLUE)
