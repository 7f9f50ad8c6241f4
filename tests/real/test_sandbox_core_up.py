"""A whole world, up and down: two databases, a service behind its load balancer, and nothing left afterwards."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from dco_sandbox import access, cache, daemon, world
from dco_sandbox.processes import MARK
from dco_sandbox.repository import service_url
from dco_sandbox.server import processes_of
from dco_sandbox.world import World

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def sandbox(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dco_sandbox", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("up") / "world"
    try:
        told = json.loads(sandbox("up", str(directory), "--validate", "--demo-speed", "--json"))
        made = world.load(directory)
        assert told["url"] == service_url(made)
        yield made
        violations = made.sandbox / "violations.jsonl"
        assert not violations.exists(), violations.read_text()
    finally:
        sandbox("down", str(directory), "--delete")
    assert not directory.exists()


def ask(of: World, method: str, path: str, body: dict[str, Any] | None = None, key: str = "") -> Any:
    answer = httpx.request(
        method, f"{service_url(of)}{path}", json=body, headers={"Idempotency-Key": key}, timeout=30, trust_env=False
    )
    assert answer.is_success, answer.text
    return answer.json()


def running(of: World) -> list[psutil.Process]:
    """Everything that runs for a world, found by the mark that its processes inherit."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK, "").startswith(f"{of.directory}{os.sep}"):
                found.append(process)
        except psutil.Error:
            continue
    return found


def pids(of: World) -> dict[str, int]:
    supervised = processes_of(of)
    return {name: child.pid for name in supervised.names() if (child := supervised.find(name))}


def until_healthy(of: World) -> None:
    end = time.monotonic() + 90
    while True:
        try:
            ask(of, "GET", "/health")
        except (AssertionError, httpx.HTTPError):
            assert time.monotonic() < end
            time.sleep(0.3)
        else:
            return


def test_all_that_listens_does_so_on_loopback_addresses_of_the_world(up: World) -> None:
    listening = {
        connection.laddr.ip
        for process in running(up)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    # Endpoint, load balancer, two tasks, two databases.
    assert len(listening) >= 6
    assert {address.removeprefix("::ffff:").rpartition(".")[0].split(".")[:2] == ["127", str(up.number)]
            for address in listening} == {True}, listening  # fmt: skip


def test_a_second_up_changes_nothing(up: World) -> None:
    before = pids(up)
    sandbox("up", str(up.directory))
    assert pids(up) == before


def test_the_service_outlives_the_endpoint(up: World) -> None:
    before = pids(up)
    sandbox("break", str(up.directory), "endpoint")
    ask(up, "GET", "/health")
    time.sleep(2)
    assert pids(up) == before


def test_a_killed_task_is_replaced(up: World) -> None:
    before = {name for name in pids(up) if name.startswith("task-")}
    killed = json.loads(sandbox("break", str(up.directory), "task", "api", "--json"))
    assert set(killed) == before
    until_healthy(up)
    assert not {name for name in pids(up) if name.startswith("task-")} & before


def test_a_killed_load_balancer_comes_back(up: World) -> None:
    sandbox("break", str(up.directory), "load-balancer")
    until_healthy(up)


def test_terraform_agrees_with_the_world(up: World) -> None:
    command = ["plan", "-input=false", "-detailed-exitcode", "-var-file=production.tfvars", "-var-file=sandbox.tfvars"]
    done = subprocess.run(
        [str(cache.terraform()), *command],
        cwd=up.repo / "infra",
        env=access.environment(up),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_down_leaves_no_process_and_up_brings_the_data_back(up: World) -> None:
    account = ask(up, "POST", "/accounts", {"handle": "kept"}, key="kept-by-a-world-1")
    sandbox("down", str(up.directory))
    assert running(up) == []
    assert daemon.find(up) is None
    sandbox("up", str(up.directory), "--validate")
    assert ask(up, "GET", f"/accounts/{account['id']}/balance")["handle"] == "kept"


def test_status_shows_no_layer_that_broke(up: World) -> None:
    status = json.loads(sandbox("status", str(up.directory), "--json"))
    assert [layer for layer in status["layers"] if layer["failed"]] == []
    assert [service["running"] for service in status["services"]] == [2]
    sandbox("status", str(up.directory))
