"""A second server whose first copy is an EBS snapshot: taken while the first one holds, and deleted afterwards."""

import msgspec
import pytest
from tests.flow.pair_desk import ENVIRONMENT, NAMES, Desk, bolt

from dco.model.outcome import Outcome
from dco.record import bakes

BLUE, GREEN = ({name: bolt(name, colour) for name in NAMES} for colour in ("blue", "green"))
BY_SNAPSHOT = msgspec.structs.replace(
    ENVIRONMENT, redeploy=msgspec.structs.replace(ENVIRONMENT.redeploy, seed="snapshot")
)


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.events.clear()
    return made


def test_each_is_taken_while_both_databases_hold(desk: Desk) -> None:
    report = desk.redeploy("ledger", environment=BY_SNAPSHOT, dry=True)
    assert report.outcome is Outcome.OBSERVED, report.sentence
    blue = BLUE["ledger"]
    at = desk.events.index("snapshot ledger blue")
    assert desk.events[at - 2 : at] == [f"rest {blue} neo4j", f"rest {blue} system"]
    assert desk.events[at + 1 : at + 3] == [f"release {blue} neo4j", f"release {blue} system"]
    assert desk.events[at + 3 : at + 5] == ["put /ledger/slot", "apply"], "it was complete by then"
    assert desk.volumes.there == {}


def test_the_slot_names_it(desk: Desk) -> None:
    named: list[str | None] = []

    def strike(what: str) -> None:
        if what == "apply" and (other := desk.slot("ledger").other) is not None:
            named.append(other.snapshot)

    desk.strike = strike
    desk.redeploy("ledger", environment=BY_SNAPSHOT, dry=True)
    assert named[0]
    assert named[0].startswith("snap-")


def test_one_that_a_checkpoint_overlapped_is_taken_again(desk: Desk) -> None:
    desk.checkpoints = 2
    desk.redeploy("ledger", environment=BY_SNAPSHOT, dry=True)
    assert desk.events.count("snapshot ledger blue") == 2
    assert desk.volumes.there == {}


def test_where_checkpoints_never_rest_all_stays(desk: Desk) -> None:
    desk.checkpoints = 100
    report = desk.redeploy("ledger", environment=BY_SNAPSHOT)
    assert report.outcome is Outcome.ROLLED_BACK
    assert "checkpoints came into every one of 3 snapshots of ledger" in report.sentence
    assert desk.volumes.there == {}
    assert not desk.servers[BLUE["ledger"]].leases


@pytest.mark.parametrize("at", range(18))
def test_whatever_fails_no_snapshot_is_left(desk: Desk, at: int) -> None:
    seen = desk.strike_at(at)
    report = desk.redeploy(environment=BY_SNAPSHOT, dry=True)
    desk.strike = lambda _: None
    assert desk.volumes.there == {}, (seen, report.sentence)
    assert desk.serving() == BLUE
    assert bakes.open_one(desk.objects) is None
    assert all(desk.slot(name).other is None for name in NAMES)
