"""A redeploy of a pair: what it does, what it refuses, and that whatever breaks in it leaves all as before."""

from typing import Any

import msgspec
import pytest
from tests.flow.pair_desk import ENVIRONMENT, KEY, NAMES, NEW, OLD, Desk, bolt

from dco.model.errors import Unreadable
from dco.model.outcome import Outcome
from dco.model.release import Release
from dco.model.watching import MachineImage
from dco.record import bakes, lock, quarantine, releases
from dco.seams.fleet import Instance

BLUE, GREEN = ({name: bolt(name, colour) for name in NAMES} for colour in ("blue", "green"))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Both databases on their first servers; the release record is not what is tried here."""

    def recorded(environment: Any, outside: Any, revision: str, night: str, at: str) -> Release:
        present = releases.read(outside.objects)
        assert present is not None
        slots = {name: outside.parameters.get(one.slot) or "" for name, one in environment.databases.items()}
        return msgspec.structs.replace(present, revision=revision, night=night, at=at, databases=slots)

    monkeypatch.setattr("dco.flow.ending.released_now", recorded)
    made = Desk()
    made.events.clear()
    return made


def demand_as_before(desk: Desk) -> None:
    desk.carry()
    assert desk.serving() == BLUE
    assert desk.gate.serving == BLUE
    assert desk.servers.keys() == set(BLUE.values())
    assert all((desk.slot(name).image, desk.slot(name).other) == (OLD, None) for name in NAMES)
    assert bakes.open_one(desk.objects) is None
    assert lock.holder(desk.objects) is None


def test_both_databases_move_and_bake(desk: Desk) -> None:
    report = desk.redeploy()
    assert report.outcome is Outcome.DEPLOYED, report.sentence
    assert desk.serving() == desk.gate.serving == GREEN
    for name in NAMES:
        slot = desk.slot(name)
        assert (slot.colour, slot.image) == ("green", NEW)
        assert slot.other is not None
        assert (slot.other.image, slot.other.state) == (OLD, "following")
        assert desk.servers[BLUE[name]].following
    bake = bakes.open_one(desk.objects)
    assert bake is not None
    assert (bake.redeploy, bake.until) == (KEY, "2026-11-26T05:00:00.000Z")
    present = releases.read(desk.objects)
    assert present is not None
    assert present.databases.keys() == set(NAMES)
    assert lock.holder(desk.objects) is None


def test_a_follower_with_another_history_is_never_promoted(desk: Desk) -> None:
    def go_apart(what: str) -> None:
        if what == "hold ledger":
            desk.servers[GREEN["ledger"]].checksum = 78

    desk.strike = go_apart
    report = desk.redeploy()
    assert report.outcome is not Outcome.DEPLOYED
    assert "transactions that its source never had" in report.sentence
    demand_as_before(desk)


def test_what_is_compared_rests_and_follows_again(desk: Desk) -> None:
    desk.redeploy()
    proofs = [event for event in desk.events if event.startswith("prove")]
    assert proofs == [f"prove {GREEN[name]}" for name in NAMES]
    held = desk.events.index("hold ledger")
    assert held > max(desk.events.index(proof) for proof in proofs)


def test_the_bake_ends_with_a_comparison_and_the_old_servers_go(desk: Desk) -> None:
    desk.redeploy()
    report = desk.bake()
    assert report.outcome is Outcome.DEPLOYED, report.sentence
    assert desk.serving() == GREEN
    assert desk.servers.keys() == set(GREEN.values())
    for name in NAMES:
        other = desk.slot(name).other
        assert other is not None
        assert (other.state, other.backup) == ("retired", "base-1")
        assert "equal at transaction 10" in (other.comparison or "")
    bake = bakes.of(desk.objects, KEY)
    assert bake is not None
    assert bake.ended == "kept"
    assert "offer ledger 0" in desk.events, "every version of Bolt is offered again"


def test_a_newer_version_writes_its_own_format_when_the_older_servers_are_gone(desk: Desk) -> None:
    desk.redeploy(version="2026.08.1")
    assert {desk.servers[at].kernel for at in GREEN.values()} == {"older"}
    report = desk.bake()
    assert report.outcome is Outcome.DEPLOYED, report.sentence
    assert {desk.servers[at].kernel for at in GREEN.values()} == {"newer"}
    upgrades = [event for event in desk.events if event.startswith("upgrade")]
    assert desk.events.index(upgrades[0]) > max(at for at, event in enumerate(desk.events) if event == "apply")


def test_going_back_from_a_newer_version_upgrades_nothing(desk: Desk) -> None:
    desk.redeploy(version="2026.08.1")
    report = desk.bake(back="it is slow")
    assert report.outcome is Outcome.DEPLOYED, report.sentence
    assert desk.serving() == BLUE
    assert not [event for event in desk.events if event.startswith("upgrade")]


def test_a_person_goes_back_in_the_bake(desk: Desk) -> None:
    desk.redeploy()
    desk.servers[GREEN["ledger"]].transaction = 99
    report = desk.bake(back="it is slow")
    assert report.outcome is Outcome.DEPLOYED, report.sentence
    assert desk.serving() == desk.gate.serving == BLUE
    assert desk.servers[BLUE["ledger"]].transaction == 99, "what was written since is there"
    assert desk.servers.keys() == set(BLUE.values())
    bake = bakes.of(desk.objects, KEY)
    assert bake is not None
    assert (bake.ended, bake.why) == ("gone back", "it is slow")
    assert desk.redeploy().outcome is Outcome.REFUSED, "the volume of what was left is still kept"
    assert quarantine.all_of(desk.objects)[0].why == "it is slow"


@pytest.mark.parametrize("trouble", ["invariant", "sessions", "latency"])
def test_what_is_bad_for_long_goes_back_by_itself(desk: Desk, trouble: str) -> None:
    questions = {"balanced": "MATCH (n) RETURN false"}
    ledger = msgspec.structs.replace(ENVIRONMENT.databases["ledger"], invariants=questions)
    environment = msgspec.structs.replace(ENVIRONMENT, databases={**ENVIRONMENT.databases, "ledger": ledger})
    desk.redeploy(environment=environment)
    if trouble == "invariant":
        desk.holds = False
    elif trouble == "latency":
        desk.gate.each_second = 0.5
    else:
        desk.gate.failed = 6
    report = desk.bake(environment)
    assert report.outcome is Outcome.ROLLED_BACK, report.sentence
    assert desk.serving() == BLUE


WATCHED = msgspec.structs.replace(ENVIRONMENT, verify=msgspec.structs.replace(ENVIRONMENT.verify, alarms=["latency"]))


def rings_from(desk: Desk, event: str) -> None:
    """Let the alarm ring from an event on."""

    def strike(what: str) -> None:
        if what.startswith(event):
            desk.rings.add("latency")

    desk.strike = strike


def test_an_alarm_that_the_switch_rang_may_calm_down(desk: Desk) -> None:
    rings_from(desk, "hold")
    assert desk.redeploy(environment=WATCHED).outcome is Outcome.DEPLOYED
    assert desk.rings
    desk.rings.clear()
    desk.strike = lambda _: None
    assert desk.bake(WATCHED).outcome is Outcome.DEPLOYED
    assert desk.serving() == GREEN


def test_an_alarm_that_rings_on_takes_clients_back(desk: Desk) -> None:
    rings_from(desk, "hold")
    desk.redeploy(environment=WATCHED)
    report = desk.bake(WATCHED)
    assert report.outcome is Outcome.ROLLED_BACK, report.sentence
    assert "latency: it is slow" in report.sentence
    assert desk.serving() == BLUE


def test_an_alarm_that_rang_before_says_nothing_against_the_switch(desk: Desk) -> None:
    desk.rings.add("latency")
    desk.redeploy(environment=WATCHED)
    assert desk.bake(WATCHED).outcome is Outcome.DEPLOYED


@pytest.mark.parametrize(("each", "allowed"), [(0.004, 5.0), (0.5, 0.0)])
def test_a_little_slower_or_not_looked_at_stays(desk: Desk, each: float, allowed: float) -> None:
    limits = msgspec.structs.replace(ENVIRONMENT.redeploy, latency_allowed=allowed)
    environment = msgspec.structs.replace(ENVIRONMENT, redeploy=limits)
    desk.redeploy(environment=environment)
    desk.gate.each_second = each
    assert desk.bake(environment).outcome is Outcome.DEPLOYED
    assert desk.serving() == GREEN


def test_nobody_moves_away_from_a_log_that_was_not_read(desk: Desk) -> None:
    desk.redeploy()
    desk.servers[GREEN["search"]].dead = True
    report = desk.bake(back="it is gone")
    assert report.outcome is Outcome.PERSON_NEEDED
    assert "search: bolt://search-green is not to be asked" in report.sentence
    assert desk.gate.serving == GREEN
    assert desk.servers[GREEN["ledger"]].reason == "", "the other one of the pair takes writes where it is"
    assert bakes.open_one(desk.objects) is not None


def test_a_dry_run_leaves_nothing(desk: Desk) -> None:
    report = desk.redeploy(dry=True)
    assert report.outcome is Outcome.OBSERVED, report.sentence
    assert [event for event in desk.events if event.startswith("prove")]
    assert not [event for event in desk.events if event.startswith("hold")]
    demand_as_before(desk)


def test_the_volume_of_a_retired_server_is_kept_for_days(desk: Desk) -> None:
    desk.redeploy()
    assert desk.clear("ledger").outcome is Outcome.REFUSED, "it follows"
    desk.bake()
    early = desk.clear("ledger")
    assert early.outcome is Outcome.REFUSED
    assert "is kept until 2026-12-03" in early.sentence
    desk.clock.sleep(7 * 86400 + 1)
    assert desk.clear("ledger", "search").outcome is Outcome.DEPLOYED
    assert all(desk.slot(name).other is None for name in NAMES)
    assert desk.serving() == GREEN
    again = desk.redeploy(image=OLD, key="20261203-060000-redeploy")
    assert again.outcome is Outcome.DEPLOYED, again.sentence
    assert desk.serving() == BLUE, "there was room for the next one"


def strange(desk: Desk) -> None:
    desk.strangers = [["10.0.0.77:1", "neo4j-javascript/5.0"], ["10.0.0.9:4000", "app"], ["10.0.0.8:2", "dco-stream"]]


def differs(desk: Desk) -> None:
    desk.equal = False


def drains_not(desk: Desk) -> None:
    desk.gate.refuses = True


def drifted(desk: Desk) -> None:
    desk.other_change = True


@pytest.mark.parametrize(
    ("how", "asked", "outcome", "words"),
    [
        (strange, {}, Outcome.REFUSED, "past the gates: 10.0.0.77:1 (neo4j-javascript/5.0)"),
        (None, {"image": "ami-none"}, Outcome.REFUSED, "ami-none is not there"),
        (None, {"version": "5.25.1"}, Outcome.REFUSED, "5.25.1 is older than 5.26.30"),
        (None, {"version": "2025.01.0"}, Outcome.REFUSED, "2025.01.0 is not proved here"),
        (None, {"images": {"ledger": NEW, "stock": NEW}}, Outcome.MISCONFIGURED, "no [databases.stock]"),
        (None, {"images": {}}, Outcome.MISCONFIGURED, "no database is named"),
        (None, {"images": {"ledger": None}}, Outcome.MISCONFIGURED, "no image is named for ledger"),
        (drifted, {}, Outcome.REFUSED, "would change more than the databases' servers: aws_s3_bucket.b"),
        (differs, {}, Outcome.ROLLED_BACK, "does not hold what a restore of the backup holds"),
        (drains_not, {}, Outcome.ROLLED_BACK, "a transaction of ledger does not end"),
    ],
)
def test_it_refuses_or_takes_back(desk: Desk, how: Any, asked: Any, outcome: Outcome, words: str) -> None:
    if how is not None:
        how(desk)
    report = desk.redeploy(**asked)
    assert words in report.sentence
    assert report.outcome in {outcome, Outcome.ROLLED_BACK}
    desk.other_change = False
    demand_as_before(desk)


WISHED = msgspec.structs.replace(
    ENVIRONMENT,
    images={"servers": MachineImage(database="ledger", id=NEW), "others": MachineImage(tags={"a": "b"}, id=OLD)},
)


def runs(desk: Desk, image: str) -> None:
    """Let EC2 list the machine of the ledger with an image."""
    machine = Instance(id="i-1", image=image, kind="r6i.large", zone="a", tags={"dco:database": "ledger"})
    desk.machines = (machine,)


def test_the_image_that_is_wanted_need_not_be_named(desk: Desk) -> None:
    runs(desk, OLD)
    report = desk.redeploy(environment=WISHED, images={"ledger": None})
    assert report.outcome is Outcome.DEPLOYED, report.sentence
    assert (desk.slot("ledger").image, desk.slot("search").image) == (NEW, OLD)


def test_where_no_other_image_is_wanted_nothing_begins(desk: Desk) -> None:
    runs(desk, NEW)
    report = desk.redeploy(environment=WISHED, images={"ledger": None})
    assert report.outcome is Outcome.MISCONFIGURED
    assert "no other image is wanted for ledger" in report.sentence
    demand_as_before(desk)


def test_a_second_redeploy_is_refused_while_one_bakes(desk: Desk) -> None:
    desk.redeploy()
    report = desk.redeploy()
    assert report.outcome is Outcome.REFUSED
    assert "bakes until" in report.sentence
    assert desk.serving() == GREEN


def count_of_events(desk: Desk) -> int:
    desk.redeploy()
    return len(desk.events)


@pytest.mark.parametrize("at", range(40))
def test_whatever_fails_all_are_new_or_all_are_old(desk: Desk, at: int) -> None:
    """Let each event of a redeploy fail once: parameters, Terraform, fences, holds, promotions, moves."""
    seen = desk.strike_at(at)
    report = desk.redeploy()
    struck = len(seen) > at
    desk.strike = lambda _: None
    if not struck:
        assert report.outcome is Outcome.DEPLOYED
        return
    assert report.outcome in {Outcome.ROLLED_BACK, Outcome.DEPLOYED}, (seen, report.sentence)
    if report.outcome is Outcome.ROLLED_BACK:
        demand_as_before(desk)
    else:
        assert desk.serving() == GREEN


def test_an_answer_that_is_lost_for_a_moment_changes_nothing(desk: Desk) -> None:
    lost = {"hold search": 1, "move ledger": 1}

    def strike(what: str) -> None:
        if lost.get(what):
            lost[what] -= 1
            raise Unreadable(f"no answer to {what}")

    desk.strike = strike
    report = desk.redeploy()
    desk.strike = lambda _: None
    assert report.outcome in {Outcome.DEPLOYED, Outcome.ROLLED_BACK}
    assert desk.serving() in (BLUE, GREEN)


def test_what_the_switch_calls_was_called_once_before(desk: Desk) -> None:
    desk.redeploy("ledger")
    blue = bolt("ledger", "blue")
    assert desk.events.index(f"fence {blue} False") < desk.events.index("hold ledger")
    assert desk.events.index("hold ledger") < desk.events.index(f"fence {blue} True")
