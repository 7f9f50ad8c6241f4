"""Who may let a night start, and all who may not: each word is proved, counted or refused, and written down."""

import json
import secrets
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from tests.real.nights.stage import BUCKET, QUICK, Running, Stage, await_that

from dco_sandbox import access

ALICE = "arn:aws:iam::123456789012:user/alice"
OTHER = "0123456789abcdef"
"""The digest of no plan."""
SIGN = """
import sys
from pathlib import Path
import msgspec
from dco import settings
from dco.wiring import connect
from dco.model.approval import Ballot, Verdict
from dco.record import ballots
night, digest = sys.argv[1:]
outside = connect.outside(Path(), settings.read(Path()).needed())
ballot = Ballot(night=night, digest=digest, verdict=Verdict.APPROVE, why="", at=outside.clock.now(), proof="")
proof = outside.identity.prove(ballots.statement(ballot))
ballots.hand_in(outside.objects, msgspec.structs.replace(ballot, proof=proof))
"""


def _wait_for_people(stage: Stage, *configuration: dict[str, Any]) -> tuple[Running, str]:
    stage.configure(QUICK, *configuration)
    stage.release("good")
    night = stage.begin("run", "--json")
    return night, stage.waits()


def _put_ballot(stage: Stage, night: str, ballot: dict[str, str]) -> None:
    body = json.dumps({"night": night, "why": "", "verdict": "approve", **ballot}).encode()
    key = f"ballots/{night}/{ballot['at']}-{secrets.token_hex(4)}.json"
    stage.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)


def _sign(stage: Stage, person: str, night: str, digest: str) -> None:
    """Hand in a ballot for a digest that no command would let a person name."""
    command = [sys.executable, "-c", SIGN, night, digest]
    subprocess.run(command, cwd=stage.world.repo, env=access.environment(stage.world, person), check=True)


def test_only_a_proved_word_of_another_who_may_counts(stage: Stage) -> None:
    before = stage.serving()
    night, key = _wait_for_people(stage, {"policy": {"approvers": [ALICE]}})
    assert stage.dco("approve", "--digest", OTHER, person="alice").code == 4, "another plan's digest"
    assert stage.dco("approve", person="runner").code == 0, "the author may say it, and it does not count"
    assert stage.dco("approve", person="bob").code == 0, "who is no approver may say it, and it does not count"
    _sign(stage, "alice", key, OTHER)
    stolen = json.loads(stage.object(stage.keys(f"ballots/{key}/")[0]) or b"{}")
    _put_ballot(stage, key, {**stolen, "proof": "https://sts.example.com/?Action=GetCallerIdentity"})
    _put_ballot(stage, key, {**stolen, "verdict": "reject"})
    _put_ballot(stage, key, {**stolen, "digest": OTHER})
    await_that(lambda: night.screen.count("refused:") >= 6, "all six are refused", 30)
    assert night.process.poll() is None, "nothing of this has started or ended the night"
    assert stage.dco("reject", "--why", "not today", person="alice").code == 0
    done = night.end()
    assert done.code == 4, done.err
    assert done.said["sentence"] == "rejected by alice: not today"
    said = stage.sentences(key, "approval")
    assert f"user/alice: the approval is for plan {OTHER}" in said
    assert "user/runner: nobody approves a change of their own" in said
    assert "user/bob: not among the policy's approvers" in said
    assert said.count("the proof is refused") == 1
    assert said.count("forged or expired") == 2, "a proof covers night, digest and verdict"
    assert stage.serving() == before


@pytest.mark.long
def test_two_people_are_two_and_one_twice_is_one(stage: Stage) -> None:
    night, key = _wait_for_people(stage, {"policy": {"approvals": 2}})
    assert stage.dco("approve", person="alice").code == 0
    assert stage.dco("approve", person="alice").code == 0
    night.await_screen("has approved already", 30)
    assert night.process.poll() is None
    assert stage.dco("approve", person="bob").code == 0
    done = night.end()
    assert (done.code, done.said["outcome"]) == (0, "deployed")
    assert "approved by alice, bob" in stage.sentences(key, "approval")


@pytest.mark.long
def test_an_approval_after_the_expiry_is_refused(stage: Stage) -> None:
    before = stage.serving()
    night, key = _wait_for_people(stage, {"policy": {"expires_minutes": 0.1}})
    done = night.end()
    assert done.code == 4
    assert "nobody answered until" in done.said["sentence"]
    late = stage.dco("approve", key, person="alice")
    assert late.code == 4
    assert "waits for nobody" in late.err
    assert stage.serving() == before


@pytest.mark.long
def test_a_waiting_night_is_aborted(stage: Stage) -> None:
    night, key = _wait_for_people(stage)
    assert stage.dco("abort", "--why", "the customer called", person="bob").code == 0
    done = night.end()
    assert done.code == 4
    assert "aborted by" in done.said["sentence"]
    assert "the customer called" in done.said["sentence"]
    assert "aborted by" in stage.sentences(key, "ended")


@pytest.mark.long
def test_a_night_that_updates_is_aborted_and_goes_back(stage: Stage) -> None:
    before = stage.serving()
    stage.configure(QUICK, {"policy": {"automatic_below": "never-ask"}, "verify": {"bake_seconds": 60}})
    stage.release("good")
    night = stage.begin("run", "--json")
    night.await_screen("done      service.roll")
    assert stage.dco("abort", "--why", "the customer called", person="alice").code == 0
    done = night.end()
    assert (done.code, done.said["outcome"]) == (5, "rolled-back")
    assert "the customer called" in done.said["sentence"]
    assert stage.serving() == before


@pytest.mark.long
def test_a_newer_offering_supersedes_a_night_that_waits(stage: Stage) -> None:
    waiting, first = _wait_for_people(stage, {"schedule": {"cron": "* * * * *"}})
    time.sleep(60)
    newer = stage.begin("run", "--json")
    done = waiting.end()
    assert done.code == 4
    assert "superseded" in done.said["sentence"]
    await_that(lambda: stage.waits() != first, "the newer night waits", 60)
    assert stage.dco("approve", person="alice").code == 0
    assert newer.end().said["outcome"] == "deployed"


@pytest.mark.long
def test_nothing_starts_while_frozen_or_outside_of_a_window(stage: Stage) -> None:
    before = stage.serving()
    stage.configure(QUICK, {"policy": {"automatic_below": "never-ask"}})
    stage.release("good")
    assert stage.dco("freeze", "--until", "2999-01-01", "--why", "year end", person="alice").code == 0
    code, frozen = stage.run()
    assert code == 4
    assert "year end" in frozen["sentence"]
    assert stage.dco("freeze", "--lift", person="alice").code == 0
    shut = [{"days": ["mon"], "begin": "00:00", "end": "00:00"}]
    stage.configure(QUICK, {"policy": {"automatic_below": "never-ask", "windows": shut}})
    code, closed = stage.run()
    assert code == 4
    assert "outside of every window" in closed["sentence"]
    assert stage.serving() == before
    assert closed["offering"] or "the offering ended well" in stage.sentences(closed["night"], "night")


def test_a_person_who_interrupts_a_night_ends_the_process_and_not_the_night(stage: Stage) -> None:
    before = stage.serving()
    night, key = _wait_for_people(stage)
    night.process.send_signal(signal.SIGINT)
    done = night.end(10)
    assert done.code == 130
    assert "goes on when the same command is called again" in done.err
    assert "Traceback" not in done.err
    again = stage.begin("run", "--json")
    assert stage.waits() == key
    assert stage.dco("reject", "--why", "only tried", person="alice").code == 0
    assert again.end().said["night"] == key
    assert stage.serving() == before
