"""Databases that were never adopted get the plugin while they serve or by one restart, or serve on as they did."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.flow.pair_desk import ENVIRONMENT, NAMES, Desk, bolt

from dco.model.environment import Environment
from dco.model.outcome import Outcome
from dco.model.release import Release
from dco.record import lock, releases
from dco.seams.fleet import Instance
from dco.seams.hosts import Ran


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "dco.jar").write_bytes(b"a plugin")
    backup = msgspec.structs.replace(ENVIRONMENT.backup, neo4j=str(tmp_path))
    return msgspec.structs.replace(ENVIRONMENT, backup=backup)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    def recorded(*_: Any) -> Release:
        present = releases.read(made.objects)
        assert present is not None
        return present

    monkeypatch.setattr("dco.flow.ending.released_now", recorded)
    made = Desk()
    for name in NAMES:
        made.servers[bolt(name, "blue")].plugged = False
    made.machines = tuple(
        Instance(id=f"i-{name}", image="ami-old", kind="m7g.large", zone="a", tags={"dco:database": name})
        for name in NAMES
    )
    made.events.clear()
    return made


def plugged(desk: Desk) -> list[str]:
    return [name for name in NAMES if desk.servers[bolt(name, "blue")].plugged]


def test_the_pause_is_told_and_nothing_done_until_somebody_agrees(desk: Desk, environment: Environment) -> None:
    report = desk.install(restart=True, environment=environment)
    assert report.outcome is Outcome.REFUSED
    assert "ledger is restarted, and nobody reads or writes it meanwhile: its last start took 12 s" in report.sentence
    assert plugged(desk) == []
    assert desk.events == ["look i-ledger", "look i-search"]
    assert desk.hosts.kept == 0, "what a machine fetched is not kept"


@pytest.mark.parametrize("restart", [False, True])
def test_one_after_the_other_gets_it(desk: Desk, environment: Environment, restart: bool) -> None:
    report = desk.install(restart=restart, agreed=restart, environment=environment)
    assert report.outcome is Outcome.DEPLOYED, report.sentence
    assert plugged(desk) == list(NAMES)
    assert [one for one in desk.events if "install" in one] == ["install i-ledger", "install i-search"]
    assert desk.hosts.live == (0 if restart else len(NAMES)), "what needs no agreement is no restart"
    assert lock.holder(desk.objects) is None
    again = desk.install(environment=environment)
    assert again.outcome is Outcome.REFUSED
    assert "ledger and search has the plugin" in again.sentence


def test_what_takes_no_agent_is_named_and_nothing_is_done(desk: Desk, environment: Environment) -> None:
    desk.hosts.hindrance = "its JVM was started with -Xrs"
    report = desk.install(environment=environment)
    assert report.outcome is Outcome.REFUSED
    assert "ledger can't have it while it serves: its JVM was started with -Xrs" in report.sentence
    assert plugged(desk) == []
    report = desk.install(restart=True, agreed=True, environment=environment)
    assert report.outcome is Outcome.DEPLOYED, report.sentence


def test_where_the_machine_put_it_back_all_is_as_before(desk: Desk, environment: Environment) -> None:
    desk.hosts.answers["install"] = Ran(1, "", "the server ended again: no memory; it serves as before again")
    report = desk.install("ledger", environment=environment)
    assert report.outcome is Outcome.ROLLED_BACK
    assert "no memory" in report.sentence
    assert plugged(desk) == []


def test_what_is_missing_is_said_before_anything_is_done(desk: Desk, environment: Environment) -> None:
    report = desk.install("ledger", environment=ENVIRONMENT)
    assert "there is no plugin/dco.jar" in report.sentence
    desk.machines = ()
    report = desk.install("ledger", environment=environment)
    assert "not exactly one machine is tagged dco:database=ledger: none" in report.sentence
    assert desk.events == []


def test_no_other_redeploy_may_be_open(desk: Desk, environment: Environment) -> None:
    for name in NAMES:
        desk.servers[bolt(name, "blue")].plugged = True
    assert desk.redeploy().outcome is Outcome.DEPLOYED
    report = desk.install(environment=environment)
    assert report.outcome is Outcome.REFUSED
    assert "a redeploy is not over" in report.sentence


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("at", range(8))
def test_whatever_fails_all_have_it_or_none(desk: Desk, environment: Environment, at: int, restart: bool) -> None:
    seen = desk.strike_at(at)
    report = desk.install(restart=restart, agreed=restart, environment=environment)
    desk.strike = lambda _: None
    assert plugged(desk) in ([], list(NAMES)), (seen, report.sentence)
    assert desk.hosts.kept >= 0
