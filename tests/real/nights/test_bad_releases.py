"""Bad releases under traffic: put back, said why, kept out, and let in again only by a person or a fix."""

import pytest
from tests.real.nights.stage import QUICK, Stage

TOLD = {
    "exits-at-once": "Error: cannot go on",
    "never-healthy": "health",
    "dies-later": "died after the rollout",
}


@pytest.mark.parametrize("kind", ["exits-at-once", pytest.param("never-healthy", marks=pytest.mark.long)])
def test_a_release_that_never_serves_is_put_back_and_kept_out(stage: Stage, kind: str) -> None:
    stage.configure(QUICK, {"policy": {"automatic_below": "never-ask"}})
    before = stage.serving()
    stage.release(kind)
    with stage.traffic() as traffic:
        code, report = stage.run()
    assert (code, report["outcome"]) == (5, "rolled-back"), report
    assert TOLD[kind] in report["sentence"]
    assert stage.serving() == before
    assert report["serves"]["api"] == before.digest
    assert traffic["failed"] == 0, traffic["failures"]
    assert traffic["proof"]["holds"]
    code, again = stage.run()
    assert (code, again["outcome"]) == (4, "refused")
    assert report["night"] in again["sentence"]
    assert stage.serving() == before


@pytest.mark.long
def test_a_release_that_dies_later_is_put_back_when_it_dies_within_the_bake(stage: Stage) -> None:
    stage.configure(QUICK, {"policy": {"automatic_below": "never-ask"}, "verify": {"bake_seconds": 40, "alarms": []}})
    before = stage.serving()
    stage.release("dies-later")
    with stage.traffic() as traffic:
        code, report = stage.run()
    assert (code, report["outcome"]) == (5, "rolled-back"), report
    assert stage.serving() == before
    # a task that kills itself takes the requests that it was answering with it: these fail, and no write is lost
    assert traffic["proof"]["holds"]
    assert stage.run()[0] == 4


@pytest.mark.long
def test_a_person_lets_a_bad_release_in_again_or_a_fix_deploys(stage: Stage) -> None:
    stage.configure(QUICK, {"policy": {"automatic_below": "never-ask"}})
    before = stage.serving()
    stage.release("exits-at-once")
    assert stage.run()[0] == 5
    code, kept_out = stage.run()
    assert code == 4
    goal = kept_out["remedy"].rpartition("dco release ")[2].rstrip("`")
    assert stage.dco("release", goal, "--why", "try it once more").code == 0
    code, tried = stage.run()
    assert (code, tried["outcome"]) == (5, "rolled-back"), "it was tried again"
    assert stage.serving() == before
    stage.back_to_released()
    stage.release("good")
    code, fixed = stage.run()
    assert (code, fixed["outcome"]) == (0, "deployed")
    assert fixed["serves"]["api"] == stage.version()["image"] != before.digest


@pytest.mark.long
def test_a_stack_that_was_applied_goes_back_with_the_bad_application(stage: Stage) -> None:
    stage.configure(QUICK, {"policy": {"automatic_below": "never-ask"}})
    before = stage.serving()
    stage.release("stack")
    stage.release("exits-at-once")
    code, report = stage.run()
    assert (code, report["outcome"]) == (5, "rolled-back"), report
    assert [step["name"] for step in report["steps"] if step["state"] == "undone"][-1] == "stack.apply main"
    after = stage.serving()
    assert (after.digest, after.slot) == (before.digest, before.slot)
    stage.back_to_released()
    assert stage.plan_changes() == 0, "Terraform finds the released revision applied"
    assert stage.run()[1]["outcome"] == "quiet"
