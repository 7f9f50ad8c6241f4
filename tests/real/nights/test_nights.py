"""Nights that end well: one that finds nothing, one that deploys an application and a stack under traffic."""

import time

import msgspec
from tests.real.nights.stage import Stage

OWN_RECORD = {"s3:PutObject", "s3:DeleteObject"}


def test_a_quiet_night_costs_little_and_writes_nothing_but_its_record(stage: Stage) -> None:
    before, began = stage.serving(), time.time()
    code, report = stage.run()
    assert (code, report["outcome"]) == (0, "quiet")
    assert report["serves"]["api"] == before.digest
    calls = [call for call in stage.calls(began) if call["user"] == "runner"]
    own = [call for call in calls if "dco/" in call["user_agent"]]
    offering = [call for call in own if call["action"] == "RunTask"]
    written = {f"{call['service']}:{call['action']}" for call in calls if call["mutating"]} - {"ecs:RunTask"}
    assert len(offering) == 1
    assert written <= OWN_RECORD, "a write that is not dco's own record"
    assert not [call for call in calls if call["mutating"] and "dco/" not in call["user_agent"]], "Terraform wrote"
    waiting = [call for call in own if call["action"] in {"DescribeTasks", "DescribeTaskDefinition", "GetLogEvents"}]
    assert len(own) - len(waiting) <= 40, [f"{call['service']}:{call['action']}" for call in own]
    assert stage.serving() == before


def test_an_application_and_a_stack_are_deployed_under_traffic(stage: Stage) -> None:
    before = stage.serving()
    old = stage.version()["version"]
    stage.release("stack")
    revision = stage.release("good")
    with stage.traffic() as traffic:
        night = stage.begin("run", "--json")
        key = stage.waits()
        assert stage.serving() == before, "something was touched before a person had approved it"
        assert stage.dco("approve", person="alice").code == 0
        done = night.end()
    assert done.code == 0, done.err
    report = done.said
    assert (report["outcome"], report["revision"], report["night"]) == ("deployed", revision, key)
    assert traffic["failed"] == 0, traffic["failures"]
    assert traffic["proof"]["holds"], traffic["proof"]
    serving = stage.version()
    assert serving["version"] != old
    assert set(traffic["versions"]) == {old, serving["version"]}, "the traffic saw both versions"
    assert report["serves"]["api"] == serving["image"] != before.digest
    assert stage.slot().endswith(serving["image"])
    assert stage.plan_changes() == 0
    _is_recorded(stage, key, revision, serving["image"])
    code, after = stage.run()
    assert (code, after["outcome"]) == (0, "quiet")


def _is_recorded(stage: Stage, night: str, revision: str, digest: str) -> None:
    record = msgspec.json.decode(stage.object("release.json") or b"")
    assert (record["revision"], record["night"]) == (revision, night)
    assert record["applications"]["api"]["image"].endswith(digest)
    changelog = stage.dco("history", "--changelog").out
    newest = changelog.split("## ")[1]
    assert newest.startswith(f"{night} · {revision[:12]}")
    assert "application:api" in newest
    assert "approved by alice" in newest
    assert stage.sentences(night, "approval").endswith("approved by alice")
    assert stage.dco("journal", "verify").code == 0
