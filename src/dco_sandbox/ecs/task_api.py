"""ECS's calls for tasks and service deployments, put in the place of moto's or added to them."""

import time
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs.exceptions import ECSException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, Service, Task
from moto.ecs.responses import EC2ContainerServiceResponse as Response

from dco_sandbox.ecs import deployments, tasks, views
from dco_sandbox.ecs.api import usable
from dco_sandbox.ecs.state import Rollout, backend, of_service, of_task
from dco_sandbox.runtime import Runtime

_MOST_AT_ONCE = 10


class _NotFoundError(ECSException):
    """What ECS answers when a service deployment is not there."""

    def __init__(self, message: str) -> None:
        super().__init__("ServiceDeploymentNotFoundException", message)


class _ConflictError(ECSException):
    """What ECS answers when a service deployment can't be stopped."""

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message)


def install(runtime: Runtime) -> None:
    """Replace or add the calls; `runtime` is the world that they act in."""

    def bound(call: Callable[[Runtime, Response], dict[str, Any]]) -> Callable[[Response], ActionResult]:
        def answer(response: Response) -> ActionResult:
            result = call(runtime, response)
            runtime.touch("ecs", "ec2")
            return ActionResult(result)

        answer.__name__ = call.__name__
        return answer

    calls = (
        run_task,
        stop_task,
        list_service_deployments,
        describe_service_deployments,
        describe_service_revisions,
        stop_service_deployment,
    )
    for call in calls:
        setattr(Response, call.__name__, bound(call))
    # A VPC without DNS host names has interfaces without a name, which moto's tasks ask for.
    setattr(NetworkInterface, "private_dns_name", None)  # noqa: B010 - an attribute that moto sets on some only
    setattr(Task, "last_status", property(_last_status))  # noqa: B010 - a property on a class of moto's
    moto_list = EC2ContainerServiceBackend.list_tasks

    def list_tasks(self: EC2ContainerServiceBackend, *given: Any, **named: Any) -> list[Task]:
        return _listed(moto_list(self, *given, **named), *given)

    if moto_list.__name__ != "list_tasks" or "dco_sandbox" not in moto_list.__module__:
        EC2ContainerServiceBackend.list_tasks = list_tasks


def run_task(runtime: Runtime, response: Response) -> dict[str, Any]:
    """RunTask: tasks that are PROVISIONING; they start within the next moments. API reference, RunTask."""
    definition = usable(runtime, response._get_param("taskDefinition"))  # noqa: SLF001
    moto = backend(runtime.world)
    cluster = moto._get_cluster(response._get_param("cluster", "default"))  # noqa: SLF001
    if (response._get_param("launchType") or "FARGATE") != "FARGATE":  # noqa: SLF001
        raise InvalidParameterException("No Container Instances were found in your cluster.")
    count = int(response._get_param("count") or 1)  # noqa: SLF001
    if not 1 <= count <= _MOST_AT_ONCE:
        raise InvalidParameterException("Count should be between 1 and 10.")
    made = [
        tasks.make(
            runtime.world,
            cluster,
            definition,
            response._get_param("networkConfiguration"),  # noqa: SLF001
            group=response._get_param("group") or f"family:{definition.family}",  # noqa: SLF001
            started_by=response._get_param("startedBy") or "",  # noqa: SLF001
            overrides=response._get_param("overrides") or {},  # noqa: SLF001
            tags=response._get_param("tags") or [],  # noqa: SLF001
        )
        for _ in range(count)
    ]
    return {"tasks": made, "failures": []}


def stop_task(runtime: Runtime, response: Response) -> dict[str, Any]:
    """StopTask: asks a task to end; a service's scheduler replaces it. API reference, StopTask."""
    moto = backend(runtime.world)
    cluster = moto._get_cluster(response._get_param("cluster", "default"))  # noqa: SLF001
    wanted = str(response._get_param("task")).rsplit("/", maxsplit=1)[-1]  # noqa: SLF001
    task = next((item for item in moto.tasks.get(cluster.name, {}).values() if item.id == wanted), None)
    if task is None:
        raise InvalidParameterException("The referenced task was not found.")
    live = of_task(task)
    if not live.over and live.stopping is None:
        live.status, live.stopping, live.stop_code = "DEACTIVATING", time.time(), "UserInitiated"
        live.reason = response._get_param("reason") or "Task stopped by user"  # noqa: SLF001
        tasks.describe(runtime.world, task)
    return {"task": task}


def list_service_deployments(runtime: Runtime, response: Response) -> dict[str, Any]:
    """ListServiceDeployments, newest first. API reference, ListServiceDeployments."""
    moto = backend(runtime.world)
    name = str(response._get_param("service")).rsplit("/", maxsplit=1)[-1]  # noqa: SLF001
    service = moto._get_service(response._get_param("cluster", "default"), name)  # noqa: SLF001
    states = response._get_param("status")  # noqa: SLF001
    found = [item for item in of_service(service).rollouts if not states or item.status in states]
    return {"serviceDeployments": [views.brief(item, service) for item in found]}


def describe_service_deployments(runtime: Runtime, response: Response) -> dict[str, Any]:
    """DescribeServiceDeployments. API reference, DescribeServiceDeployments."""
    wanted: list[str] = response._get_param("serviceDeploymentArns")  # noqa: SLF001
    found = {item.arn: views.full(item, service) for service, item in _rollouts(runtime)}
    return {
        "serviceDeployments": [found[arn] for arn in wanted if arn in found],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in found],
    }


def describe_service_revisions(runtime: Runtime, response: Response) -> dict[str, Any]:
    """DescribeServiceRevisions. API reference, DescribeServiceRevisions."""
    wanted: list[str] = response._get_param("serviceRevisionArns")  # noqa: SLF001
    moto, found = backend(runtime.world), dict[str, dict[str, Any]]()
    for service in moto.services.values():
        for item in of_service(service).revisions.values():
            containers = moto.describe_task_definition(item.task_definition).container_definitions
            images = {container["name"]: container["image"] for container in containers}
            found[item.arn] = views.revision(item, service, images)
    return {
        "serviceRevisions": [found[arn] for arn in wanted if arn in found],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in found],
    }


def stop_service_deployment(runtime: Runtime, response: Response) -> dict[str, Any]:
    """StopServiceDeployment: rolls back. Follows "Stopping Amazon ECS service deployments"."""
    if (response._get_param("stopType") or "ROLLBACK") != "ROLLBACK":  # noqa: SLF001
        raise InvalidParameterException("The stop type ABORT is not supported; use ROLLBACK.")
    arn = response._get_param("serviceDeploymentArn")  # noqa: SLF001
    found = next(((s, item) for s, item in _rollouts(runtime) if item.arn == arn), None)
    if found is None:
        raise _NotFoundError(f"Service deployment {arn} not found.")
    deployments.stop(*found, _ConflictError)
    views.describe(runtime.world, found[0])
    return {"serviceDeploymentArn": arn}


def _rollouts(runtime: Runtime) -> list[tuple[Service, Rollout]]:
    services = backend(runtime.world).services.values()
    return [(service, item) for service in services for item in of_service(service).rollouts]


def _last_status(task: Task) -> str:
    """Return what is known, instead of moto's own walk through the states at each look."""
    live = vars(task).get("live")
    return live.status if live is not None else "PROVISIONING"


def _listed(
    found: list[Task],
    _cluster: str | None = None,
    _instance: str | None = None,
    _family: str | None = None,
    _started_by: str | None = None,
    service: str | None = None,
    desired: str | None = None,
) -> list[Task]:
    """Filter by service, and by RUNNING unless asked. API reference, ListTasks: desiredStatus."""
    wanted = f"service:{service.rsplit('/', maxsplit=1)[-1]}" if service else None
    return [
        task
        for task in found
        if (wanted is None or task.group == wanted) and task.desired_status == (desired or "RUNNING")
    ]
