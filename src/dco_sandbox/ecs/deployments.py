"""How a service's deployments begin, end, fail and are rolled back, and what is said about each."""

from collections.abc import Callable
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.ecs.models import Service

from dco_sandbox.ecs.decide import COMPLETED, FAILED, IN_PROGRESS, breaker_threshold
from dco_sandbox.ecs.state import DeploymentState, Revision, Rollout, ServiceState, now, of_service

_EVENTS_KEPT = 100
OPEN = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
"""States of a service deployment in which it is not over."""


def say(service: Service, message: str) -> None:
    """Add a service event. Follows "Viewing Amazon ECS service events": newest first, the last hundred kept."""
    live = of_service(service)
    service.events.insert(
        0,
        {
            "id": _identity(live, service.name),
            "createdAt": now(),
            "message": f"(service {service.name}) {message}",
        },
    )
    del service.events[_EVENTS_KEPT:]


def begin(service: Service, task_definition: str) -> DeploymentState:
    """Begin a service deployment to a new service revision; one that is still open is superseded.

    Follows the Amazon ECS Developer Guide, "Amazon ECS service deployments" and "Amazon ECS service revisions".
    """
    live, moment = of_service(service), now()
    for older in live.rollouts:
        if older.status in OPEN:
            close(older, "STOPPED", f"Superseded by a newer deployment of {task_definition}.")
    revision = Revision(
        _arn(service, live, "service-revision"),
        task_definition,
        moment,
        list(service.load_balancers),
        service.network_configuration,
        "1.4.0",
    )
    configuration = _configuration(service)
    rollout = Rollout(
        _arn(service, live, "service-deployment"),
        revision.arn,
        live.completed,
        moment,
        configuration,
        updated=moment,
        breaker="MONITORING" if _breaker(configuration).get("enable") else "DISABLED",
        threshold=breaker_threshold(service.desired_count, _breaker(configuration).get("thresholdConfiguration")),
    )
    live.revisions[revision.arn] = revision
    live.rollouts.insert(0, rollout)
    return _become_primary(service, revision, rollout.arn)


def complete(service: Service) -> None:
    """The primary deployment is done. Follows the API reference's Deployment (rolloutState) and Rollback."""
    live = of_service(service)
    primary, rollout = live.primary, live.rollout(live.primary.service_deployment)
    _set(primary, COMPLETED, f"ECS deployment {primary.id} completed.")
    live.completed = primary.revision
    if rollout.status == "ROLLBACK_IN_PROGRESS":
        close(rollout, "ROLLBACK_SUCCESSFUL", rollout.reason)
    elif rollout.status in OPEN:
        close(rollout, "SUCCESSFUL", None)
        rollout.breaker = "MONITORING_COMPLETE" if rollout.breaker == "MONITORING" else rollout.breaker
    say(service, f"(deployment {primary.id}) deployment completed.")


def fail(service: Service, reason: str, *, alarms: list[str] | None = None) -> None:
    """The primary deployment has failed: roll back if the service wants that and can, else stop there.

    Follows "How the Amazon ECS deployment circuit breaker detects failures": rolled back to the last deployment
    that completed; with none, or when it is the rollback that failed, nothing more is launched.
    """
    live = of_service(service)
    primary, rollout = live.primary, live.rollout(live.primary.service_deployment)
    _set(primary, FAILED, reason)
    say(service, f"(deployment {primary.id}) deployment failed: {_short(reason)}.")
    rollout.alarms = alarms or rollout.alarms
    rollout.breaker = "TRIGGERED" if rollout.breaker == "MONITORING" and not alarms else rollout.breaker
    if rollout.status == "ROLLBACK_IN_PROGRESS":
        close(rollout, "ROLLBACK_FAILED", reason)
        return
    kind = "alarms" if alarms else "deploymentCircuitBreaker"
    if rollout.configuration.get(kind, {}).get("rollback") and _can_roll_back(live):
        roll_back(service, reason)
    else:
        close(rollout, "STOPPED", reason)


def stop(service: Service, rollout: Rollout, refuse: Callable[[str], Exception]) -> None:
    """Roll a running service deployment back because someone asked; `refuse` makes the error to raise.

    Follows "Stopping Amazon ECS service deployments": possible also without a configured rollback.
    """
    live = of_service(service)
    if rollout.status not in ("PENDING", "IN_PROGRESS"):
        raise refuse(f"Service deployment is not in progress: it is {rollout.status}.")
    if not _can_roll_back(live):
        raise refuse("Service deployment can't be rolled back: there is no previous service revision.")
    reason = "Service deployment was stopped by the user."
    _set(live.primary, FAILED, reason)
    say(service, f"(deployment {live.primary.id}) deployment failed: stopped by the user.")
    roll_back(service, reason)


def roll_back(service: Service, reason: str) -> None:
    """Make the last revision that completed primary again, within the same service deployment.

    Follows the API reference's ServiceDeployment (rollback) and "Amazon ECS deployment circuit breaker": an
    older deployment that still has tasks is gone back to, else a new one is made of its revision.
    """
    live = of_service(service)
    failed = live.primary
    rollout, revision = live.rollout(failed.service_deployment), live.revisions[live.completed or ""]
    rollout.status, rollout.reason, rollout.updated = "ROLLBACK_IN_PROGRESS", reason, now()
    rollout.rollback = {"reason": reason, "startedAt": now(), "serviceRevisionArn": revision.arn}
    kept = next((item for item in live.deployments if item.revision == revision.arn), None)
    if kept is None:
        kept = _become_primary(service, revision, rollout.arn)
    else:
        live.deployments.remove(kept)
        live.deployments.insert(0, kept)
        failed.status, kept.status, kept.service_deployment, kept.failed = "ACTIVE", "PRIMARY", rollout.arn, 0
        kept.unwatched = bool(ringing(service))
        service.task_definition = revision.task_definition
    _set(kept, IN_PROGRESS, f"ECS deployment circuit breaker: rolling back to deploymentId {kept.id}.")
    say(service, f"rolling back to deployment {kept.id}.")


def ringing(service: Service) -> list[str]:
    """Name the service's deployment alarms that are in ALARM.

    Follows "How CloudWatch alarms detect Amazon ECS deployment failures". Alarms that ring already when a deployment
    begins are not looked at during it: it may be the one that mends, and a rollback is no failure for what it mends.
    """
    wanted = _configuration(service).get("alarms") or {}
    names: list[str] = wanted.get("alarmNames", []) if wanted.get("enable") else []
    known = cloudwatch_backends[service._account_id][service.region_name].alarms if names else {}  # noqa: SLF001
    return [name for name in names if name in known and known[name].state_value == "ALARM"]


def close(rollout: Rollout, status: str, reason: str | None) -> None:
    """End a service deployment with a status, one of the API reference's ServiceDeployment."""
    rollout.status, rollout.reason = status, reason
    rollout.finished = rollout.updated = now()


def _become_primary(service: Service, revision: Revision, rollout: str) -> DeploymentState:
    """Make a new deployment the PRIMARY one, all others ACTIVE. API reference, Deployment: status."""
    live, moment = of_service(service), now()
    identity = f"ecs-svc/{_identity(live, service.name)}"
    for older in live.deployments:
        older.status = "ACTIVE"
    deployment = DeploymentState(identity, revision.arn, revision.task_definition, rollout, moment, moment)
    deployment.unwatched = bool(ringing(service))
    _set(deployment, IN_PROGRESS, f"ECS deployment {identity} in progress.")
    live.deployments.insert(0, deployment)
    live.steady = False
    service.task_definition = revision.task_definition
    return deployment


def _can_roll_back(live: ServiceState) -> bool:
    return live.completed is not None and live.completed != live.primary.revision


def _set(deployment: DeploymentState, rollout: str, reason: str) -> None:
    deployment.rollout, deployment.reason, deployment.updated = rollout, reason, now()


def _configuration(service: Service) -> dict[str, Any]:
    return dict(vars(service).get("deployment_configuration") or {})


def _breaker(configuration: dict[str, Any]) -> dict[str, Any]:
    return configuration.get("deploymentCircuitBreaker") or {}


def _short(reason: str) -> str:
    return reason.rpartition(": ")[2].rstrip(".")


def _arn(service: Service, live: ServiceState, kind: str) -> str:
    return service.cluster_arn.replace(":cluster/", f":{kind}/") + (f"/{service.name}/{_identity(live, service.name)}")


def _identity(live: ServiceState, name: str) -> str:
    """Return the service's next number, in the digits that ECS's own have."""
    live.serial += 1
    seed = sum(ord(letter) for letter in name)
    return f"{int(now().timestamp() * 1000):013d}{seed % 100:02d}{live.serial % 10000:04d}"
