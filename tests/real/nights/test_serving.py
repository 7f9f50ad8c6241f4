"""Nights on schedule, nights that only look, killed nights that go on, and a service of which there is only one."""

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psutil
import pytest
from tests.real.nights.stage import CLUSTER, QUICK, Running, Stage, await_that

NEVER_ASK = {"policy": {"automatic_below": "never-ask"}}


def _reports(stage: Stage) -> int:
    return sum(key.endswith("/report.json") for key in stage.keys("nights/"))


def test_a_night_in_mode_observe_reports_and_changes_nothing(stage: Stage) -> None:
    stage.configure(QUICK, {"mode": "observe"})
    before = stage.serving()
    stage.release("stack")
    stage.release("good")
    began = time.time()
    code, report = stage.run()
    assert (code, report["outcome"]) == (0, "observed")
    assert "stack.apply" in report["remedy"] or "Terraform" in report["remedy"]
    assert len(report["changes"]) == 2
    written = {
        f"{call['service']}:{call['action']}"
        for call in stage.calls(began)
        if call["mutating"] and call["user"] == "runner"
    }
    assert written <= {"s3:PutObject", "s3:DeleteObject"}
    assert stage.serving() == before


@pytest.mark.long
def test_missed_nights_are_made_up_for_once_and_a_killed_one_goes_on(stage: Stage) -> None:
    stage.configure({"schedule": {"cron": "0 3 * * *"}}, NEVER_ASK)
    revision = stage.release("good")
    own = stage.world.directory / "dco"
    own.mkdir()
    missed = (datetime.now(UTC) - timedelta(days=3)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    (own / "serve.json").write_text(json.dumps({"last": missed, "pid": 0}))
    before, began = _reports(stage), time.time()
    service = stage.begin("serve")
    await_that(lambda: "step      service.roll" in service.out_text(), "the service is rolled", 120)
    _kill_night(service)
    await_that(lambda: "the night ended with exit code 0" in service.out_text(), "the night ends", 120)
    time.sleep(3)
    assert _reports(stage) == before + 1, "three nights were missed, one makes up for them"
    assert [call["action"] for call in stage.calls(began)].count("RunTask") == 1, "one offering"
    assert json.loads(stage.object("release.json") or b"{}")["revision"] == revision
    service.process.terminate()
    assert service.process.wait(30) == 0


def _kill_night(service: Running) -> None:
    [night] = [child for child in psutil.Process(service.process.pid).children() if "run" in child.cmdline()]
    night.kill()


@pytest.mark.long
@pytest.mark.parametrize(
    "moment", ["planned", "step      image.build", "step      service.roll", "done      service.roll"]
)
def test_a_night_that_was_killed_goes_on_when_started_again(stage: Stage, moment: str) -> None:
    stage.configure(QUICK, NEVER_ASK)
    stage.release("good")
    night = stage.begin("run", "--json")
    night.await_screen(moment)
    night.kill()
    code, report = stage.run()
    assert (code, report["outcome"]) == (0, "deployed"), report
    assert stage.serving().digest == report["serves"]["api"]
    assert stage.dco("journal", "verify").code == 0


@pytest.mark.long
def test_there_are_never_two_of_a_singleton(stage: Stage) -> None:
    api = stage.plain["applications"]["api"]
    only_one = {"applications": {"api": {**api, "services": {"api": {**api["services"]["api"], "singleton": True}}}}}
    variables = stage.world.repo / "infra" / "production.tfvars"
    text = variables.read_text()
    plain = [line for line in text.splitlines() if not line.startswith(("singleton", "api_min_tasks", "api_max_tasks"))]
    single = "\n".join([*plain, "singleton = true", "api_min_tasks = 1", "api_max_tasks = 1"]) + "\n"
    stage.configure(QUICK, NEVER_ASK, only_one)
    stage.commit({"infra/production.tfvars": single}, "There is only one")
    # Terraform leaves the count of running tasks to autoscaling, which would come down to one by itself
    stage.client("ecs").update_service(cluster=CLUSTER, service="api", desiredCount=1)
    try:
        code, report = stage.run()
        assert code == 0, report
        began = time.time()
        stage.release("good")
        code, report = stage.run()
        assert (code, report["outcome"]) == (0, "deployed"), report
        lives = _lives(stage, began)
        assert len(lives) >= 2
        assert all(end <= begin for (_, end), (begin, _) in pairwise(lives)), lives
    finally:
        stage.configure(QUICK, NEVER_ASK)
        stage.commit({"infra/production.tfvars": text}, "There are two again")
        stage.client("ecs").update_service(cluster=CLUSTER, service="api", desiredCount=2)
        code, report = stage.run()
    assert code == 0, report


def _lives(stage: Stage, since: float) -> list[tuple[float, float]]:
    """Return begin and end of every task of the service that lived since a time, in order."""
    ecs = stage.client("ecs")
    arns = [
        arn
        for state in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=CLUSTER, serviceName="api", desiredStatus=state)["taskArns"]
    ]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
    ends = [(task["createdAt"].timestamp(), _ended(task)) for task in tasks]
    return sorted(life for life in ends if life[1] >= since)


def _ended(task: "dict[str, datetime]") -> float:
    return task["stoppedAt"].timestamp() if "stoppedAt" in task else float("inf")
