"""What a task can ask about itself. Follows "Amazon ECS task metadata endpoint version 4 for tasks on Fargate"."""

from typing import Any

from moto.ecs.models import Task

from dco_sandbox.ecs.state import backend, of_task, tasks
from dco_sandbox.world import World

PREFIX = "/_ecs/v4/"


def page(world: World, path: str) -> dict[str, Any] | None:
    """Answer a GET below the prefix: `<task id>` or `<task id>/task`; None for anything else."""
    task_id, _, rest = path.removeprefix(PREFIX).rstrip("/").partition("/")
    known = {"": metadata, "task": task_metadata}
    return known[rest](world, task_id) if rest in known else None


def metadata(world: World, task_id: str) -> dict[str, Any] | None:
    """Return the container's document (`${ECS_CONTAINER_METADATA_URI_V4}`), None for an unknown task."""
    task = _find(world, task_id)
    return None if task is None else _container(world, task)


def task_metadata(world: World, task_id: str) -> dict[str, Any] | None:
    """Return the task's document (`${ECS_CONTAINER_METADATA_URI_V4}/task`), None for an unknown task."""
    task = _find(world, task_id)
    if task is None:
        return None
    family, _, revision = task.task_definition_arn.rsplit("/", maxsplit=1)[-1].partition(":")
    return {
        "Cluster": task.cluster_arn,
        "TaskARN": task.task_arn,
        "Family": family,
        "Revision": revision,
        "DesiredStatus": task.desired_status,
        "KnownStatus": of_task(task).status,
        "AvailabilityZone": vars(task)["availability_zone"],
        "LaunchType": "FARGATE",
        "Containers": [_container(world, task)],
    }


def _find(world: World, task_id: str) -> Task | None:
    return next((task for task in tasks(world) if task.id == task_id), None)


def _container(world: World, task: Task) -> dict[str, Any]:
    definition = backend(world).describe_task_definition(task.task_definition_arn).container_definitions[0]
    live = of_task(task)
    return {
        "DockerId": f"{task.id.replace('-', '')}-{definition['name']}",
        "Name": definition["name"],
        "DockerName": definition["name"],
        "Image": definition["image"],
        "ImageID": live.digest,
        "Labels": {
            "com.amazonaws.ecs.cluster": task.cluster_arn,
            "com.amazonaws.ecs.task-arn": task.task_arn,
        },
        "DesiredStatus": task.desired_status,
        "KnownStatus": live.status,
        "Type": "NORMAL",
        "ContainerARN": vars(task)["containers"][0]["containerArn"],
        "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": [live.address]}],
    }
