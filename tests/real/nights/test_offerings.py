"""Every kind of offering: how its end is known, and that nothing is touched while one runs."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from neo4j import GraphDatabase
from tests.real.nights.stage import CLUSTER, QUICK, Stage

TASK: dict[str, Any] = {
    "kind": "ecs-task",
    "cluster": CLUSTER,
    "task_definition": "credcoin-production-offering",
    "network_of": "api",
    "time_limit_seconds": 60,
}
NEVER_ASK = {"policy": {"automatic_below": "never-ask"}}
DAY = "MATCH (d:Daynode {current: true}) RETURN toString(d.date) AS date"


@pytest.fixture
def failing_url() -> Iterator[str]:
    """An address that answers 500 to everything."""

    class Failing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(500)
            self.end_headers()
            self.wfile.write(b"the books do not balance")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/offering"
    server.shutdown()
    server.server_close()


def _fails(stage: Stage, offering: dict[str, Any], said: str) -> None:
    before = stage.serving()
    stage.configure({"offering": offering}, NEVER_ASK)
    stage.release("good")
    code, report = stage.run()
    assert (code, report["outcome"]) == (3, "offering-failed"), report
    assert said in report["sentence"]
    assert stage.serving() == before


@pytest.mark.long
def test_nothing_is_deployed_after_a_task_that_failed(stage: Stage) -> None:
    boom = "print('the books do not balance'); raise SystemExit(7)"
    _fails(stage, {**TASK, "command": ["python", "-c", boom]}, "the books do not balance")


@pytest.mark.long
def test_nothing_is_deployed_beside_a_task_that_still_runs(stage: Stage) -> None:
    sleep = ["python", "-c", "import time; time.sleep(90)"]
    _fails(stage, {**TASK, "command": sleep, "time_limit_seconds": 3}, "still runs after 3 s")
    ecs = stage.client("ecs")
    [task] = ecs.list_tasks(cluster=CLUSTER, family=TASK["task_definition"])["taskArns"]
    ecs.stop_task(cluster=CLUSTER, task=task)


def test_nothing_is_deployed_after_a_command_that_failed(stage: Stage) -> None:
    command = ["sh", "-c", "echo the books do not balance; exit 4"]
    _fails(stage, {"kind": "command", "command": command, "time_limit_seconds": 60}, "the books do not balance")


@pytest.mark.long
def test_nothing_is_deployed_after_a_call_that_failed(stage: Stage, failing_url: str) -> None:
    _fails(stage, {"kind": "http", "url": failing_url, "time_limit_seconds": 10}, "answered 500: the books")


@pytest.mark.long
def test_an_offering_that_starts_in_the_middle_holds_the_next_step(stage: Stage) -> None:
    stage.configure(NEVER_ASK)
    stage.release("good")
    night = stage.begin("run", "--json")
    night.await_screen("step      image.build api")
    ecs = stage.client("ecs")
    service = stage.service()
    override = {"name": "offering", "command": ["python", "-c", "import time; time.sleep(15)"]}
    definition = ecs.describe_task_definition(taskDefinition=TASK["task_definition"])["taskDefinition"]
    override["name"] = definition["containerDefinitions"][0]["name"]
    [started] = ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=TASK["task_definition"],
        networkConfiguration=service["networkConfiguration"],
        launchType="FARGATE",
        overrides={"containerOverrides": [override]},
    )["tasks"]
    done = night.end()
    assert (done.code, done.said["outcome"]) == (0, "deployed"), done.said
    [task] = ecs.describe_tasks(cluster=CLUSTER, tasks=[started["taskArn"]])["tasks"]
    rolled = [entry["at"] for entry in stage.journal(done.said["night"]) if "service.roll" in entry["sentence"]]
    stopped = task["stoppedAt"].astimezone(tz=None).timestamp()
    assert _timestamp(rolled[0]) >= stopped - 0.5, "the service was rolled while an offering ran"


@pytest.mark.long
def test_a_system_that_is_not_quiet_is_left_alone_and_tried_again(stage: Stage) -> None:
    before = stage.serving()
    busy = {"database": "ledger", "cypher": "RETURN false", "wait_seconds": 2}
    stage.configure({"offering": {**QUICK["offering"], "quiet": busy}}, NEVER_ASK)
    stage.release("good")
    code, report = stage.run()
    assert (code, report["outcome"]) == (4, "refused"), report
    assert "quiet question" in report["sentence"]
    assert stage.serving() == before
    stage.configure(QUICK, NEVER_ASK)
    assert stage.run()[1]["outcome"] == "deployed", "it was not kept out"


@pytest.mark.long
def test_an_offering_inside_of_an_application_is_observed(stage: Stage) -> None:
    settings = _databases(stage)
    user = json.loads(settings["LEDGER_AUTH"])
    with GraphDatabase.driver(settings["LEDGER_URI"], auth=(user["username"], user["password"])) as driver:
        [today] = [row["date"] for row in driver.execute_query(DAY).records]
    later = f"MATCH (d:Daynode {{current: true}}) RETURN toString(d.date) > '{today}'"
    stage.configure({
        "offering": {
            "kind": "observe",
            "database": "ledger",
            "began": f"{later} OR d.offering",
            "ended": f"{later} AND NOT d.offering",
            "time_limit_seconds": 150,
            "poll_seconds": 1,
        }
    })  # fmt: skip
    night = stage.begin("run", "--json")
    time.sleep(3)
    assert night.process.poll() is None, "it waits for an offering that has not begun"
    bound = {
        "HOST": stage.world.address(0, 250),
        "PORT": "8080",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment = {"PATH": os.environ["PATH"], **bound, **settings, "OFFERING_CRON": "* * * * *"}
    with (stage.scratch / "app.log").open("wb") as log:
        app = subprocess.Popen(
            [sys.executable, "-m", "app"], cwd=stage.world.repo, env=environment, stdout=log, stderr=log
        )
        try:
            done = night.end()
        finally:
            app.terminate()
            app.wait(30)
    assert (done.code, done.said["outcome"]) == (0, "quiet"), (stage.scratch / "app.log").read_text()
    assert done.said["offering"] == "the offering was seen to end well"


def _databases(stage: Stage) -> dict[str, str]:
    ssm, secrets = stage.client("ssm"), stage.client("secretsmanager")
    found: dict[str, str] = {}
    for name in ("ledger", "search"):
        uri = ssm.get_parameter(Name=f"/credcoin/production/{name}/uri")["Parameter"]["Value"]
        auth = secrets.get_secret_value(SecretId=f"credcoin/production/{name}")["SecretString"]
        found |= {f"{name.upper()}_URI": uri, f"{name.upper()}_AUTH": auth}
    return found


def _timestamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
