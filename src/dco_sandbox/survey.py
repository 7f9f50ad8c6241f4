"""What a world holds right now, as plain values, for `status`."""

from typing import Any

from moto.backends import get_backend

from dco_sandbox.runtime import Runtime

_STOPPED_SHOWN = 5


def survey(runtime: Runtime) -> dict[str, Any]:
    """Return services, tasks, instances, load balancers, alarms and processes; asks nothing but memory."""
    world = runtime.world
    with runtime.lock:
        ecs = get_backend("ecs")[world.account][world.region]
        ec2 = get_backend("ec2")[world.account][world.region]
        elb = get_backend("elbv2")[world.account][world.region]
        alarms = get_backend("cloudwatch")[world.account][world.region].alarms
        return {
            "endpoint": world.endpoint,
            "services": [_service(service) for service in ecs.services.values()],
            "tasks": _tasks(ecs),
            "instances": [
                _instance(instance) for reservation in ec2.reservations.values() for instance in reservation.instances
            ],
            "load_balancers": [
                {"name": balancer.name, "address": balancer.dns_name, "state": balancer.state}
                for balancer in elb.load_balancers.values()
            ],
            "alarms": [{"name": alarm.name, "state": alarm.state_value} for alarm in alarms.values()],
            "processes": [
                {"name": child.name, "pid": child.pid}
                for name in runtime.processes.names()
                if (child := runtime.processes.find(name))
            ],
        }


def _service(service: Any) -> dict[str, Any]:
    return {
        "name": service.name,
        "running": service.running_count,
        "desired": service.desired_count,
        "task_definition": str(service.task_definition).rpartition("/")[2],
        "rollout": next((_of(deployment, "rolloutState") for deployment in service.deployments), None),
    }


def _of(deployment: Any, key: str) -> Any:
    return deployment.get(key) if isinstance(deployment, dict) else getattr(deployment, "rollout_state", None)


def _tasks(ecs: Any) -> list[dict[str, Any]]:
    """Return what runs, and of what has stopped only the last few."""
    tasks = [_task(task) for known in ecs.tasks.values() for task in known.values()]
    stopped = [task for task in tasks if task["status"] == "STOPPED"]
    return [*stopped[-_STOPPED_SHOWN:], *(task for task in tasks if task["status"] != "STOPPED")]


def _task(task: Any) -> dict[str, Any]:
    return {
        "id": str(task.task_arn).rpartition("/")[2],
        "group": getattr(task, "group", None),
        "status": task.last_status,
        "task_definition": str(task.task_definition_arn).rpartition("/")[2],
        "stopped_reason": getattr(task, "stopped_reason", None) or None,
    }


def _instance(instance: Any) -> dict[str, Any]:
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    return {
        "id": instance.id,
        "name": tags.get("Name"),
        "state": instance._state.name,  # noqa: SLF001 - moto shows it nowhere else
        "address": instance.private_ip,
        "image": instance.image_id,
    }
