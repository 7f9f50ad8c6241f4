"""A service as ECS shows it: its deployments, service deployments and revisions in the API's shapes."""

from collections.abc import Iterable
from typing import Any

from moto.ecs.models import Service, Task

from dco_sandbox.ecs.state import DeploymentState, Revision, Rollout, backend, of_service, of_task, tasks_of
from dco_sandbox.world import World

DEFAULTS: dict[str, Any] = {
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "strategy": "ROLLING",
    "bakeTimeInMinutes": 0,
}
"""API reference, DeploymentConfiguration: what a service that asked for nothing is described with."""


def describe(world: World, service: Service) -> None:
    """Write what is known of a service, and its cluster's counts, into the attributes that ECS answers with."""
    live, present = of_service(service), tasks_of(service)
    configuration = {**DEFAULTS, **(vars(service).get("deployment_configuration") or {})}
    service.deployments = [_deployment(service, item, present) for item in live.deployments]
    service.running_count, service.pending_count = _counts(present)
    rollout = live.rollouts[0]
    vars(service).update(
        deployment_configuration=configuration,
        platform_version="LATEST",
        platform_family="Linux",
        current_service_deployment=rollout.arn,
        current_service_revisions=[_current(service, item, present) for item in _revisions(service)],
        placement_constraints=[],
        placement_strategy=[],
        availability_zone_rebalancing=vars(service).get("availability_zone_rebalancing") or "DISABLED",
    )
    if service.status == "DRAINING" and not present:
        service.status, service.deployments = "INACTIVE", []
    _count_cluster(world, service.cluster_name)


def brief(rollout: Rollout, service: Service) -> dict[str, Any]:
    """Return a service deployment as ListServiceDeployments shows it."""
    return {
        "serviceDeploymentArn": rollout.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": rollout.created,
        "startedAt": rollout.created,
        "finishedAt": rollout.finished,
        "targetServiceRevisionArn": rollout.target,
        "status": rollout.status,
        "statusReason": rollout.reason,
    }


def full(rollout: Rollout, service: Service) -> dict[str, Any]:
    """Return a service deployment as DescribeServiceDeployments shows it."""
    present = tasks_of(service)
    shown = {key: value for key, value in brief(rollout, service).items() if key != "targetServiceRevisionArn"}
    return {
        **shown,
        "updatedAt": rollout.updated,
        "stoppedAt": rollout.finished if rollout.status == "STOPPED" else None,
        "sourceServiceRevisions": [_current(service, rollout.source, present)] if rollout.source else [],
        "targetServiceRevision": _current(service, rollout.target, present),
        "deploymentConfiguration": {**DEFAULTS, **rollout.configuration},
        "rollback": rollout.rollback,
        "deploymentCircuitBreaker": {
            "status": rollout.breaker,
            "failureCount": rollout.failures,
            "threshold": rollout.threshold,
        },
        "alarms": _alarms(rollout),
    }


def revision(item: Revision, service: Service, images: dict[str, str | None]) -> dict[str, Any]:
    """Return a service revision as DescribeServiceRevisions shows it, with what its container images are."""
    return {
        "serviceRevisionArn": item.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "taskDefinition": item.task_definition,
        "launchType": "FARGATE",
        "platformVersion": item.platform_version,
        "platformFamily": "Linux",
        "loadBalancers": item.load_balancers,
        "networkConfiguration": item.network,
        "containerImages": [_image(name, image, service, item) for name, image in images.items()],
        "createdAt": item.created,
    }


def _deployment(service: Service, item: DeploymentState, present: Iterable[Task]) -> dict[str, Any]:
    running, pending = _counts(task for task in present if task.started_by == item.id)
    return {
        "id": item.id,
        "status": item.status,
        "taskDefinition": item.task_definition,
        "desiredCount": service.desired_count if item.status == "PRIMARY" else 0,
        "runningCount": running,
        "pendingCount": pending,
        "failedTasks": item.failed,
        "createdAt": item.created,
        "updatedAt": item.updated,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": of_service(service).revisions[item.revision].network,
        "rolloutState": item.rollout,
        "rolloutStateReason": item.reason,
    }


def _counts(present: Iterable[Task]) -> tuple[int, int]:
    """Count what runs and what is on its way; behind a load balancer a task runs before it is healthy, as on AWS."""
    states = [of_task(task).status for task in present if of_task(task).stopping is None]
    return states.count("RUNNING"), sum(state in ("PROVISIONING", "PENDING", "ACTIVATING") for state in states)


def _revisions(service: Service) -> list[str]:
    return list(dict.fromkeys(item.revision for item in of_service(service).deployments))


def _current(service: Service, arn: str, present: Iterable[Task]) -> dict[str, Any]:
    known = {item.id for item in of_service(service).deployments if item.revision == arn}
    running, pending = _counts(task for task in present if task.started_by in known)
    wanted = service.desired_count if of_service(service).primary.revision == arn else 0
    return {
        "arn": arn,
        "requestedTaskCount": wanted,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


def _image(name: str, image: str | None, service: Service, item: Revision) -> dict[str, Any]:
    known = {deployment.id for deployment in of_service(service).deployments if deployment.revision == item.arn}
    digests = [of_task(task).digest for task in tasks_of(service) if task.started_by in known]
    return {
        "containerName": name,
        "image": image,
        "imageDigest": next((digest for digest in digests if digest), None),
    }


def _alarms(rollout: Rollout) -> dict[str, Any] | None:
    wanted: dict[str, Any] = rollout.configuration.get("alarms") or {}
    if not wanted.get("enable"):
        return None
    status = "TRIGGERED" if rollout.alarms else "MONITORING" if rollout.finished is None else "MONITORING_COMPLETE"
    return {
        "status": status,
        "alarmNames": wanted.get("alarmNames", []),
        "triggeredAlarmNames": rollout.alarms,
    }


def _count_cluster(world: World, name: str) -> None:
    moto = backend(world)
    cluster = moto.clusters[name]
    cluster.running_tasks_count, cluster.pending_tasks_count = _counts(moto.tasks.get(name, {}).values())
    states = [service.status for service in moto.services.values() if service.cluster_name == name]
    cluster.active_services_count = states.count("ACTIVE")
