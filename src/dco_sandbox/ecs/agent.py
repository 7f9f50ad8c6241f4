"""What ECS's agent does for one task: start its process, watch it, stop it. A task's process is `task-<id>`."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from moto.ecs.models import Task

from dco_sandbox.ecs import secrets, shipping, tasks
from dco_sandbox.ecs.state import of_task
from dco_sandbox.images import store
from dco_sandbox.images.errors import ImageNotFoundError
from dco_sandbox.processes import Child
from dco_sandbox.runtime import Runtime
from dco_sandbox.world import World

DEFAULT_STOP_TIMEOUT = 30
_KEY = "AKIASANDBOXTASKROLE0"


def name(task: Task) -> str:
    """Return the name under which a task's process is supervised."""
    return f"task-{task.id}"


def start(runtime: Runtime, task: Task) -> None:
    """Take a task from PROVISIONING to RUNNING, or to STOPPED with the reason that ECS gives. Needs the lock.

    Follows the Amazon ECS Developer Guide, "Amazon ECS task lifecycle", and for the reasons "Amazon ECS
    stopped tasks error messages" (CannotPullContainerError, ResourceInitializationError).
    """
    world, live = runtime.world, of_task(task)
    definition = tasks.container(task, world)
    try:
        image = store.open_image(world, definition["image"])
        live.digest = image.digest
        shipping.prepare(runtime, task, definition)
        values = {**secrets.environment(world, definition), **_own_environment(world, task)}
        argv, env, cwd = store.process(image, _command(definition), values)
    except ImageNotFoundError as error:
        end(runtime, task, "TaskFailedToStart", f"CannotPullContainerError: {error}")
    except (secrets.SecretUnavailableError, shipping.LogGroupMissingError) as error:
        end(runtime, task, "TaskFailedToStart", f"ResourceInitializationError: {error}")
    else:
        runtime.processes.start(name(task), argv, env=env, cwd=cwd)
        live.status, live.started = "RUNNING", time.time()


def look(runtime: Runtime, task: Task) -> None:
    """See whether a running task's process has ended, and note it as ECS does. Needs the lock.

    Follows "Amazon ECS stopped tasks error messages", "Essential container in task exited".
    """
    child = child_of(runtime, task)
    if child is not None and child.alive():
        return
    live = of_task(task)
    live.exit_code = child.exit_code() if child is not None else None
    if live.stop_code is None:
        end(runtime, task, "EssentialContainerExited", "Essential container in task exited", failed=True)
    else:
        end(runtime, task, live.stop_code, live.reason)


def end(runtime: Runtime, task: Task, code: str, reason: str, *, failed: bool = False) -> None:
    """Note that a task has STOPPED, ship the last lines of its log and give its address back. Needs the lock.

    Follows "Amazon ECS task lifecycle" (DEPROVISIONING, STOPPED) and the API reference's Task (stopCode).
    """
    live = of_task(task)
    live.status, live.stopped, live.stop_code, live.reason = "STOPPED", time.time(), code, reason
    live.stopping = live.stopping or live.stopped
    live.failed = live.failed or failed or code == "TaskFailedToStart"
    live.healthy = False
    if code == "TaskFailedToStart":
        live.container_reason = reason
    shipping.ship(runtime, task)
    tasks.release(runtime.world, task)


def child_of(runtime: Runtime, task: Task) -> Child | None:
    """Return a task's process, running or ended."""
    return runtime.processes.last(name(task))


class Stopper:
    """Stops processes beside the loop: SIGTERM, and SIGKILL after the container's `stopTimeout`.

    Follows the API reference's StopTask. Holds nothing that must survive: a daemon that was started again finds
    the task STOPPING with its process alive, and asks again.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="stop-task")
        self._asked: set[str] = set()

    def ask(self, runtime: Runtime, task: Task) -> None:
        """Begin to stop a task's process; asking again while it stops does nothing."""
        child = runtime.processes.find(name(task))
        if child is None or child.name in self._asked:
            return
        definition = tasks.container(task, runtime.world)
        grace = float(definition.get("stopTimeout") or DEFAULT_STOP_TIMEOUT)
        self._asked.add(child.name)
        self._threads.submit(child.stop, grace)


def _command(definition: dict[str, object]) -> list[str] | None:
    command = definition.get("command")
    return [str(part) for part in command] if isinstance(command, list) and command else None  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON


def _own_environment(world: World, task: Task) -> dict[str, str]:
    """Return what every task finds: its address, the endpoint, a key of its role, and the metadata address.

    Follows "Amazon ECS task metadata endpoint version 4"; HOST is the sandbox's own, since a task has no
    network namespace here.
    """
    return {
        "HOST": of_task(task).address,
        "AWS_ENDPOINT_URL": world.endpoint,
        "AWS_REGION": world.region,
        "AWS_DEFAULT_REGION": world.region,
        "AWS_ACCESS_KEY_ID": _KEY,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "ECS_CONTAINER_METADATA_URI_V4": f"{world.endpoint}/_ecs/v4/{task.id}",
        "HOME": str(Path("/nonexistent")),
    }
