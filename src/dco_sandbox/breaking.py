"""Harm on demand: kill a task, an instance, the load balancer or the endpoint of a world."""

import os
import signal
from typing import Any

from dco_sandbox import access, daemon
from dco_sandbox.processes import Child
from dco_sandbox.server import processes_of
from dco_sandbox.world import World, WorldError


def kill_task(world: World, name: str) -> list[str]:
    """Kill the processes of tasks whose id begins with a name or whose group or family is it."""
    tasks = [task for task in _status(world)["tasks"] if task["status"] not in {"STOPPED", "DELETED"}]
    hit = [task["id"] for task in tasks if _names(task, name)]
    children = [child for task in hit if (child := processes_of(world).find(f"task-{task}"))]
    return _kill(children, f"no running task is called {name}", world)


def _names(task: dict[str, Any], name: str) -> bool:
    family = str(task["task_definition"]).partition(":")[0]
    group = str(task["group"] or "")
    return task["id"].startswith(name) or name in {family, group, group.partition(":")[2]}


def kill_instance(world: World, name: str) -> list[str]:
    """Let the computer under the instances of an id or a Name tag fail: its processes die, and stay dead."""
    from dco_sandbox.machines.layer import fail_host  # noqa: PLC0415 - it imports moto, which takes a second

    running = [item for item in _status(world)["instances"] if item["state"] == "running"]
    found = [item["id"] for item in running if name in {item["id"], item["name"]}]
    if not found:
        raise WorldError(f"no running instance is called {name}", f"dco-sandbox status {world.directory} tells names")
    for instance in found:
        fail_host(world, instance)
    return found


def kill_load_balancer(world: World) -> list[str]:
    """Kill the load balancers' processes."""
    processes = processes_of(world)
    children = [child for item in processes.names("haproxy") if (child := processes.find(item))]
    return _kill(children, "no load balancer runs", world)


def restart_endpoint(world: World) -> list[str]:
    """Kill the daemon without warning and start it again; the world's processes go on meanwhile."""
    if child := daemon.find(world):
        os.kill(child.pid, signal.SIGKILL)
        child.stop(0)
    return [f"daemon {daemon.start(world).pid}"]


def _kill(children: list[Child], nothing: str, world: World) -> list[str]:
    if not children:
        raise WorldError(nothing, f"dco-sandbox status {world.directory} tells names")
    for child in children:
        child.stop(0)
    return [child.name for child in children]


def _status(world: World) -> dict[str, Any]:
    return access.control(world, "GET", "status")
