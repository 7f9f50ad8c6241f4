"""The doctor's own parts: checks that never raise, the disk, and a night retold."""

import threading
from pathlib import Path

import pytest

from dco.model.errors import ConfigurationError, Unreadable
from dco.model.finding import Finding, Mark
from dco.model.journal import FIRST, Entry
from dco.model.outcome import Outcome, Report
from dco.model.plan import Plan, Step
from dco.providers import machine
from dco.record.telling import tell
from dco.review.checking import Found, check_all


def test_checks_are_made_at_once_and_none_raises() -> None:
    both = threading.Barrier(2, timeout=10)

    def meets() -> Found:
        both.wait()
        return Finding(Mark.OK, "meets")

    def misconfigured() -> Found:
        raise ConfigurationError("there is no bucket b", "make it")

    def unreadable() -> Found:
        raise Unreadable("could not read it", "try again")

    def stumbles() -> Found:
        raise KeyError("x")

    found = check_all([
        ("a", meets), ("b", misconfigured), ("c", unreadable), ("d", stumbles), ("e", meets),
    ])  # fmt: skip
    assert [(finding.mark, finding.what) for finding in found] == [
        (Mark.OK, "meets"), (Mark.NG, "b"), (Mark.NG, "c"), (Mark.NG, "d"), (Mark.OK, "meets"),
    ]  # fmt: skip
    assert found[1].remedy == "make it"
    assert found[2].detail == "could not be looked at: could not read it"
    assert "KeyError" in found[3].detail


@pytest.mark.parametrize(("kind", "mark"), [("ext4", Mark.OK), ("nfs4", Mark.NG), ("fuse.sshfs", Mark.NG)])
def test_a_network_file_system_is_refused_for_the_engine(tmp_path: Path, kind: str, mark: Mark) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nhost:/x {tmp_path.resolve()} {kind} rw 0 0\n")
    _, local = machine.disk(tmp_path / "not/yet/made", mounts)
    assert (local.mark, local.what) == (mark, "engine directory")
    assert kind in local.detail


def test_this_machine_is_good_enough_for_the_tests() -> None:
    assert [finding.mark for finding in (machine.python(), machine.git())] == [Mark.OK, Mark.OK]


def entry(kind: str, sentence: str, night: str = "n1") -> Entry:
    at = "2026-11-23T03:00:07.000Z"
    return Entry(sequence=1, previous=FIRST, at=at, night=night, kind=kind, sentence=sentence, token=sentence)


def test_a_night_is_told_in_order_with_the_reasons_of_its_plan() -> None:
    step = Step(operation="service.roll", target="api", reason="a new image is built for it", undo="roll back")
    plan = Plan(environment="p", base="", revision="r", changes=(), steps=(step,))
    report = Report(
        night="n1", environment="p", outcome=Outcome.ROLLED_BACK, sentence="all is as before: it died\nlast words",
        remedy="mend it", began="", ended="2026-11-23T03:09:00.000Z", serves={"api": "sha256:" + "1" * 64},
    )  # fmt: skip
    told = tell(
        "n1",
        [
            entry("night", "night n1: the offering ended well"),
            entry("detected", "application:api is changed"),
            entry("person", "somebody else's", night="-"),
            entry("planned", "plan d of 1 steps"),
            entry("approval", "approved by alice"),
            entry("step", "service.roll api: it is new. Undo: roll back"),
            entry("undone", "goes back, because it died\n    last words"),
            entry("ended", "rolled-back: all is as before"),
        ],
        plan,
        report,
    )
    assert told == (
        "  03:00:07  night n1: the offering ended well",
        "What was found:",
        "  03:00:07  application:api is changed",
        "What was planned, and why:",
        "  03:00:07  plan d of 1 steps",
        "            service.roll api, because a new image is built for it",
        "Who agreed:",
        "  03:00:07  approved by alice",
        "What was done:",
        "  03:00:07  service.roll api: it is new. Undo: roll back",
        "What was taken back:",
        "  03:00:07  goes back, because it died",
        "                last words",
        "How it ended:",
        "  03:09:00  rolled-back: all is as before: it died",
        "            last words",
        "            mend it",
        "            api serves sha256:111111111111",
    )
    assert tell("n2", [], None, None) == ()
    assert tell("n1", [entry("night", "begun")], None, None)[-1] == "It has not ended."
