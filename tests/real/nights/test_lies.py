"""What other tools say and do while a night goes on, and what the night makes of it."""

import json
import threading
import time

import pytest
from tests.real.nights.stage import CLUSTER, FAMILIES, QUICK, Running, Stage, await_that

from dco_sandbox import access, daemon, founding

UNATTENDED = (QUICK, {"policy": {"automatic_below": "never-ask"}})
ROLLS = "step      service.roll api"
APPLIES = "step      stack.apply main"
STATE_LOCK = "infra/terraform.tfstate.tflock"


def _begin(stage: Stage, *kinds: str) -> Running:
    stage.configure(*UNATTENDED)
    for kind in kinds:
        stage.release(kind)
    return stage.begin("run", "--json")


def _revisions(stage: Stage) -> dict[str, int]:
    """Return how many revisions each family has ever had."""
    ecs = stage.client("ecs")
    return {
        family: sum(
            len(ecs.list_task_definitions(familyPrefix=family, status=status)["taskDefinitionArns"])
            for status in ("ACTIVE", "INACTIVE")
        )
        for family in FAMILIES
    }


@pytest.mark.long
def test_the_service_waiter_is_content_after_ecs_rolled_back_by_itself(stage: Stage) -> None:
    before = stage.serving()
    night = _begin(stage, "exits-at-once")
    night.await_screen(ROLLS)
    waiter = stage.client("ecs").get_waiter("services_stable")
    waiter.wait(cluster=CLUSTER, services=["api"], WaiterConfig={"Delay": 1, "MaxAttempts": 90})
    done = night.end()
    assert (done.code, done.said["outcome"]) == (5, "rolled-back"), "the waiter was content, the night is not"
    assert stage.serving() == before


@pytest.mark.long
def test_the_revision_in_service_gets_deregistered(stage: Stage) -> None:
    before = stage.serving()
    night = _begin(stage, "never-healthy")
    night.await_screen(ROLLS)
    stage.client("ecs").deregister_task_definition(taskDefinition=before.service)
    done = night.end()
    assert (done.code, done.said["outcome"]) == (5, "rolled-back"), done.said
    after = stage.serving()
    assert (after.digest, after.slot) == (before.digest, before.slot)
    stage.back_to_released()
    code, report = stage.run()
    assert code == 0, report
    assert stage.run()[1]["outcome"] == "quiet"


def test_someone_calls_update_service_in_the_middle(stage: Stage) -> None:
    before = stage.serving()
    night = _begin(stage, "slow-start")
    ecs = stage.client("ecs")
    await_that(lambda: stage.service()["taskDefinition"] != before.service, "the rollout has begun", 90)
    ecs.update_service(cluster=CLUSTER, service="api", taskDefinition=before.service)
    done = night.end()
    assert (done.code, done.said["outcome"]) == (5, "rolled-back"), done.said
    assert "another revision took over" in done.said["sentence"]
    assert stage.serving() == before


@pytest.mark.long
def test_a_saved_plan_is_stale_when_the_world_moved_after_the_approval(stage: Stage) -> None:
    stage.configure(QUICK)
    before = stage.serving()
    stage.release("stack")
    stage.release("good")
    night = stage.begin("run", "--json")
    stage.waits()
    stage.client("cloudwatch").delete_alarms(AlarmNames=["credcoin-production-latency"])
    assert stage.dco("approve", person="alice").code == 0
    done = night.end()
    assert done.code == 4, done.said
    assert "not the one that was approved" in done.said["sentence"]
    assert stage.serving() == before
    planned_anew = stage.begin("run", "--json")
    stage.waits()
    assert stage.dco("approve", person="alice").code == 0
    assert planned_anew.end().said["outcome"] == "deployed"


@pytest.mark.long
def test_the_state_lock_is_held_by_someone_else(stage: Stage) -> None:
    before = stage.serving()
    info = {
        "ID": "6f1c2d34-0000-4000-8000-000000000001", "Operation": "OperationTypeApply", "Info": "",
        "Who": "carol@laptop", "Version": "1.15.5", "Created": "2026-11-23T02:59:00Z", "Path": "x",
    }  # fmt: skip
    s3 = stage.client("s3")
    s3.put_object(Bucket=founding.STATE_BUCKET, Key=STATE_LOCK, Body=json.dumps(info).encode())
    try:
        done = _begin(stage, "stack").end()
    finally:
        s3.delete_object(Bucket=founding.STATE_BUCKET, Key=STATE_LOCK)
    assert done.code in {4, 5}, done.said
    assert "carol@laptop" in done.said["sentence"]
    assert stage.serving() == before
    code, report = stage.run()
    assert (code, report["outcome"]) == (0, "deployed"), "a lock is no reason to keep a change out"


@pytest.mark.long
def test_answers_are_lost_after_their_effects(stage: Stage) -> None:
    stage.configure({"policy": {"automatic_below": "never-ask"}})
    before, began = _revisions(stage), time.time()
    for call in ("RegisterTaskDefinition", "UpdateService", "RunTask"):
        stage.fault("lose-response", f"ecs:{call}", count=1, user_agent="*dco/*")
    stage.fault("lose-response", "ssm:PutParameter", count=1, user_agent="*dco/*")
    stage.release("good")
    code, report = stage.run()
    assert (code, report["outcome"]) == (0, "deployed"), report
    lost = [call["action"] for call in stage.calls(began) if call["status"] == 0]
    assert sorted(lost) == ["PutParameter", "RegisterTaskDefinition", "RunTask", "UpdateService"]
    assert _revisions(stage) == {family: count + 1 for family, count in before.items()}
    done = [call["action"] for call in stage.calls(began) if call["service"] == "ecs" and call["mutating"]]
    assert done.count("RunTask") == 1, "the offering was started once"
    assert stage.serving().digest == report["serves"]["api"]


@pytest.mark.long
@pytest.mark.parametrize("moment", ["detect", ROLLS])
def test_everything_is_throttled_for_a_while(stage: Stage, moment: str) -> None:
    night = _begin(stage, "good")
    night.await_screen("night     night" if moment == "detect" else moment)
    stage.fault("throttle", "*:*", user_agent="*dco/*")
    time.sleep(5)
    access.control(stage.world, "DELETE", "faults")
    done = night.end()
    assert (done.code, done.said["outcome"]) == (0, "deployed"), done.said


@pytest.mark.long
@pytest.mark.parametrize("moment", [APPLIES, ROLLS])
def test_the_endpoint_is_down_for_a_while(stage: Stage, moment: str) -> None:
    night = _begin(stage, "stack", "good")
    night.await_screen(moment)
    child = daemon.find(stage.world)
    assert child is not None
    child.stop(0)
    starter = threading.Timer(5, lambda: daemon.start(stage.world))
    starter.start()
    done = night.end()
    starter.join()
    assert done.code in {0, 5}, done.said
    if done.code == 0:
        assert stage.plan_changes() == 0
    assert done.said["serves"]["api"] == stage.version()["image"]
