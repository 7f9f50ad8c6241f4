"""Services and tasks are real processes, rolled, failed, rolled back and replaced as ECS does it."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dco_sandbox.server import processes_of

Tools = tuple[Callable[..., None], Callable[..., tuple[int, str]]]
BREAKER = {
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
    }
}
ALONE = {"deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100}}


@pytest.fixture(scope="module")
def served(live: Any) -> Iterator[str]:
    """A service `web` of two tasks behind a load balancer, shared by the tests here; its URL."""
    url, group = live.balancer("web", 8091)
    live.serve("web", live.define("web", "1"), 2, group, **BREAKER)
    yield url
    live.gone("web")


@pytest.fixture
def web(live: Any, served: str) -> str:
    """The URL of the shared service, which is stable when a test begins."""
    live.stable("web", 40)
    return served


def rolls(live: Any, definition: str) -> None:
    live.ecs.update_service(cluster="live", service="web", taskDefinition=definition)


def newest(live: Any) -> dict[str, Any]:
    found = live.ecs.list_service_deployments(cluster="live", service="web")["serviceDeployments"][0]
    arn = found["serviceDeploymentArn"]
    return live.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]


def process(live: Any, task: dict[str, Any]) -> Any:
    return processes_of(live.world).find(f"task-{task['taskArn'].rpartition('/')[2]}")


def test_a_service_rolls_to_the_new_version(live: Any, web: str, tools: Tools) -> None:
    rolls(live, live.define("web", "rolled"))
    assert newest(live)["status"] == "IN_PROGRESS"
    waiter = live.ecs.get_waiter("services_stable")
    waiter.wait(cluster="live", services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": 40})
    live.stable("web")
    assert {tools[1](web)[1].split()[0] for _ in range(6)} == {"rolled"}
    assert newest(live)["status"] == "SUCCESSFUL"


def test_the_circuit_breaker_rolls_back(live: Any, web: str, tools: Tools) -> None:
    good = live.primary("web")["taskDefinition"]
    rolls(live, live.define("web", "bad", environment={"MODE": "exit"}))
    tools[0](lambda: newest(live)["status"] == "ROLLBACK_SUCCESSFUL", 40)
    ended = newest(live)
    breaker = ended["deploymentCircuitBreaker"]
    assert (breaker["status"], breaker["threshold"]) == ("TRIGGERED", 3)
    assert breaker["failureCount"] in {3, 4}, "two tasks fail at a time"
    assert ended["rollback"]["serviceRevisionArn"] == ended["sourceServiceRevisions"][0]["arn"]
    live.stable("web")
    assert live.primary("web")["taskDefinition"] == good
    messages = [event["message"] for event in live.service("web")["events"]]
    assert any("deployment failed: tasks failed to start" in message for message in messages)
    assert any("rolling back to deployment" in message for message in messages)
    assert tools[1](web)[0] == 200


@pytest.mark.usefixtures("web")
def test_a_deployment_that_is_stopped_rolls_back(live: Any, tools: Tools) -> None:
    good = live.primary("web")["taskDefinition"]
    rolls(live, live.define("web", "stopped"))
    under_way = newest(live)
    live.ecs.stop_service_deployment(serviceDeploymentArn=under_way["serviceDeploymentArn"], stopType="ROLLBACK")
    assert newest(live)["status"] == "ROLLBACK_IN_PROGRESS"
    tools[0](lambda: newest(live)["status"] == "ROLLBACK_SUCCESSFUL", 30)
    assert newest(live)["serviceDeploymentArn"] == under_way["serviceDeploymentArn"]
    live.stable("web")
    assert live.primary("web")["taskDefinition"] == good
    with pytest.raises(live.ecs.exceptions.ConflictException):
        live.ecs.stop_service_deployment(serviceDeploymentArn=under_way["serviceDeploymentArn"], stopType="ROLLBACK")


@pytest.mark.usefixtures("web")
def test_an_alarm_that_rings_rolls_back_and_does_not_stop_the_way_back(live: Any, tools: Tools) -> None:
    good = live.primary("web")["taskDefinition"]
    alarms = {"alarmNames": ["web-breaks"], "enable": True, "rollback": True}
    live.client("cloudwatch").put_metric_alarm(
        AlarmName="web-breaks",
        Namespace="Web",
        MetricName="Breaks",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    configuration = {"deploymentConfiguration": {**BREAKER["deploymentConfiguration"], "alarms": alarms}}
    definition = live.define("web", "alarming")
    live.ecs.update_service(cluster="live", service="web", taskDefinition=definition, **configuration)
    live.client("cloudwatch").set_alarm_state(AlarmName="web-breaks", StateValue="ALARM", StateReason="it breaks")
    try:
        tools[0](lambda: newest(live)["status"] not in {"IN_PROGRESS", "ROLLBACK_IN_PROGRESS"}, 30)
        assert newest(live)["status"] == "ROLLBACK_SUCCESSFUL"
        assert newest(live)["alarms"]["triggeredAlarmNames"] == ["web-breaks"]
        assert live.primary("web")["taskDefinition"] == good
    finally:
        live.ecs.update_service(cluster="live", service="web", **BREAKER)
        live.client("cloudwatch").delete_alarms(AlarmNames=["web-breaks"])


@pytest.mark.usefixtures("web")
def test_a_task_that_was_well_and_dies_is_replaced(live: Any, tools: Tools) -> None:
    before = {task["taskArn"] for task in live.tasks("web")}
    dies = live.tasks("web")[0]
    os.kill(process(live, dies).pid, signal.SIGKILL)
    tools[0](lambda: dies["taskArn"] not in {task["taskArn"] for task in live.tasks("web")}, 10)
    live.stable("web")
    after = {task["taskArn"] for task in live.tasks("web")}
    assert len(after) == 2
    assert len(after & before) == 1
    gone = live.ecs.describe_tasks(cluster="live", tasks=[dies["taskArn"]])["tasks"][0]
    assert (gone["stopCode"], gone["containers"][0]["exitCode"]) == ("EssentialContainerExited", 137)
    # A deployment that once had a healthy task counts no failures any more.
    assert live.primary("web")["failedTasks"] == 0


def test_a_killed_daemon_finds_its_tasks_again(live: Any, web: str, tools: Tools) -> None:
    before = {task["taskArn"]: process(live, task).pid for task in live.tasks("web")}
    # What the daemon knows reaches the load balancer a moment later: a dead target may still be tried until then.
    tools[0](lambda: {tools[1](web)[0] for _ in range(6)} == {200}, 10)
    live.daemon[-1].kill()
    live.daemon[-1].wait()
    try:
        assert {tools[1](web)[0] for _ in range(6)} == {200}
    finally:
        live.start_daemon()
    time.sleep(1)
    live.stable("web")
    assert {task["taskArn"]: process(live, task).pid for task in live.tasks("web")} == before
    assert tools[1](web)[0] == 200


def ask(get: Callable[..., tuple[int, str]], url: str, over: threading.Event, answers: list[str]) -> None:
    """Ask on a connection of its own each time."""
    while not over.wait(0.01):
        try:
            status, body = get(url)
            answers.append(f"{status} {body.split()[0]}")
        except OSError as error:
            answers.append(repr(error))


def post(url: str, over: threading.Event, answers: list[str]) -> None:
    """Write on one connection all the time; no client may repeat a write on its own."""
    kept = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    while not over.wait(0.02):
        try:
            kept.request("POST", "/", body=b"")
            answer = kept.getresponse()
            answers.append(f"{answer.status} {answer.read().decode().split()[0]}")
        except (OSError, http.client.HTTPException) as error:
            answers.append(repr(error))
    kept.close()


@pytest.mark.long
def test_no_request_fails_through_three_rollouts_and_a_reload(live: Any, web: str, tools: Tools) -> None:
    answers: list[str] = []
    over = threading.Event()
    threads = [threading.Thread(target=ask, args=(tools[1], web, over, answers)) for _ in range(3)]
    threads += [threading.Thread(target=post, args=(web, over, answers)) for _ in range(2)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        for version in ("x", "y", "z"):
            rolls(live, live.define("web", version))
            if version == "z":
                live.balancer("beside", 8096)
            live.stable("web", 40)
        time.sleep(max(0.0, 20 - (time.monotonic() - began)))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert [answer for answer in answers if not answer.startswith("200 ")] == []
    assert {"200 x", "200 y", "200 z"} <= set(answers)


def test_a_singleton_never_runs_twice(live: Any, tools: Tools, tmp_path: Path) -> None:
    record = tmp_path / "record"
    environment = {"RECORD": str(record)}
    live.serve("single", live.define("single", "1", environment=environment), 1, **ALONE)
    tools[0](record.exists, 15)
    for version in ("2", "3"):
        definition = live.define("single", version, environment=environment)
        live.ecs.update_service(cluster="live", service="single", taskDefinition=definition)
        tools[0](lambda wanted=version: f" {wanted} " in record.read_text(), 20)
    live.gone("single")
    notes = [(line.split()[0], line.split()[2]) for line in record.read_text().splitlines()]
    assert notes == [(what, version) for version in ("1", "2", "3") for what in ("start", "end")]


def ended(live: Any, tools: Tools, definition: str) -> dict[str, Any]:
    task = live.ecs.run_task(cluster="live", taskDefinition=definition, networkConfiguration=live.network)["tasks"][0]

    def look() -> dict[str, Any]:
        return live.ecs.describe_tasks(cluster="live", tasks=[task["taskArn"]])["tasks"][0]

    tools[0](lambda: look()["lastStatus"] == "STOPPED", 20, lambda: str(look()))
    return look()


def test_a_task_tells_its_exit_code_and_why_it_stopped(live: Any, tools: Tools) -> None:
    task = ended(live, tools, live.define("job", environment={"CODE": "4"}, command=["python", "job.py"]))
    assert task["containers"][0]["exitCode"] == 4
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task["containers"][0]["imageDigest"] == live.image.partition("@")[2]


def test_an_image_that_does_not_exist_can_not_start(live: Any, tools: Tools) -> None:
    missing = live.image.partition("@")[0] + "@sha256:" + "0" * 64
    task = ended(live, tools, live.define("missing", image=missing))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError")
    assert "exitCode" not in task["containers"][0]


def test_a_secret_that_does_not_exist_is_told(live: Any, tools: Tools) -> None:
    secrets = [{"name": "SECRET", "valueFrom": "/not/there"}]
    task = ended(live, tools, live.define("secretive", secrets=secrets))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError")
    assert "/not/there" in task["stoppedReason"]


def test_a_secret_reaches_the_task(live: Any, tools: Tools) -> None:
    live.client("ssm").put_parameter(Name="/live/secret", Value="told", Type="SecureString")
    command = ["python", "-c", "import os, sys; sys.exit(os.environ['SECRET'] != 'told')"]
    secrets = [{"name": "SECRET", "valueFrom": "/live/secret"}]
    task = ended(live, tools, live.define("told", secrets=secrets, command=command))
    assert task["containers"][0]["exitCode"] == 0
