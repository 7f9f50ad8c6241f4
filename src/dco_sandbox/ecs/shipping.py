"""The awslogs driver: what a task's process prints, line by line, in CloudWatch Logs.

Follows the Amazon ECS Developer Guide, "Send Amazon ECS logs to CloudWatch": the stream is named
`<prefix>/<container>/<task id>`, and the group must exist unless `awslogs-create-group` is set.
"""

import time
from typing import Any

from moto.ecs.models import Task
from moto.logs.models import LogsBackend, logs_backends

from dco_sandbox.ecs import tasks
from dco_sandbox.ecs.state import of_task
from dco_sandbox.runtime import Runtime

_AT_ONCE = 256 * 1024
_EVERY_SECONDS = 2.0
"""A driver sends in batches; a dead task's last lines are sent at once."""
_KEPT_EVENTS = 1000
"""Of a stream: the whole group is saved with each batch, and a world may serve for days."""
_sent: dict[str, float] = {}


class LogGroupMissingError(Exception):
    """The log group that a container names is not there; the message is ECS's."""


def options(definition: dict[str, Any]) -> dict[str, str] | None:
    """Return the options of a container's awslogs driver, None when it has another driver or none."""
    configuration: dict[str, Any] = definition.get("logConfiguration") or {}
    return dict(configuration.get("options") or {}) if configuration.get("logDriver") == "awslogs" else None


def prepare(runtime: Runtime, task: Task, definition: dict[str, Any]) -> None:
    """Make a task's log stream before it starts; raises LogGroupMissingError. Needs the lock."""
    chosen = options(definition)
    if chosen is None:
        return
    backend, group = _backend(runtime), chosen["awslogs-group"]
    if group not in backend.groups:
        if chosen.get("awslogs-create-group") != "true":
            raise LogGroupMissingError(
                "failed to validate logger args: create stream has been retried 1 times: failed to create "
                "Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : "
                f"exit status 1 (group {group})"
            )
        backend.create_log_group(group, {})
    backend.ensure_log_stream(group, stream(task, definition, chosen))
    runtime.touch("logs")


def ship(runtime: Runtime, task: Task) -> None:
    """Send the whole lines that are new, and at the end of a task also an unfinished one. Needs the lock."""
    definition = tasks.container(task, runtime.world)
    child = runtime.processes.last(f"task-{task.id}")
    chosen = options(definition)
    if child is None or chosen is None or not child.log.exists():
        return
    live = of_task(task)
    if not live.over and time.monotonic() - _sent.get(task.id, 0) < _EVERY_SECONDS:
        return
    _sent[task.id] = time.monotonic()
    with child.log.open("rb") as log:
        log.seek(live.log_offset)
        new = log.read(_AT_ONCE)
    if not live.over and len(new) < _AT_ONCE:
        new = new[: new.rfind(b"\n") + 1]
    if not new:
        return
    live.log_offset += len(new)
    moment = int(time.time() * 1000)
    events = [{"timestamp": moment, "message": line} for line in new.decode(errors="replace").splitlines() if line]
    backend, group, target = _backend(runtime), chosen["awslogs-group"], stream(task, definition, chosen)
    # A group that was deleted meanwhile loses the lines, as on AWS.
    if events and group in backend.groups and target in backend.groups[group].streams:
        backend.put_log_events(group, target, events)
        del backend.groups[group].streams[target].events[:-_KEPT_EVENTS]
        runtime.touch("logs", "ecs")


def stream(task: Task, definition: dict[str, Any], chosen: dict[str, str]) -> str:
    """Return the name of a task's log stream."""
    return f"{chosen.get('awslogs-stream-prefix', 'ecs')}/{definition['name']}/{task.id}"


def _backend(runtime: Runtime) -> LogsBackend:
    return logs_backends[runtime.world.account][runtime.world.region]
