"""A service's scheduler: takes a snapshot, has `decide.reconcile` decide, and does what it says. Needs the lock."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from moto.ecs.models import Service, Task

from dco_sandbox.ecs import decide, deployments, tasks
from dco_sandbox.ecs.decide import TaskView
from dco_sandbox.ecs.state import backend, of_service, of_task, tasks_of
from dco_sandbox.runtime import Runtime
from dco_sandbox.world import World

_SETTLE_SECONDS = 40
_LONGEST_RETRY = 10.0


@dataclass(frozen=True)
class Patience:
    """How long things may take: a second of ECS's own delays, and what a real process needs to boot, in seconds."""

    second: float
    boot: float = 8.0


def observe(task: Task, service: Service, health: Mapping[tuple[str, str, int], str], patience: Patience) -> None:
    """Note whether a task is well, which counts towards the minimum, or failing, which gets it stopped.

    Follows the API reference's DeploymentConfiguration (minimumHealthyPercent): behind a load balancer when all
    target groups call it healthy, else 40 seconds after RUNNING; and CreateService,
    healthCheckGracePeriodSeconds, before which a failing check is ignored.
    """
    live, since = of_task(task), time.time() - (of_task(task).started or time.time())
    states = [health.get(target, "initial") for target in live.targets]
    if live.status != "RUNNING":
        live.healthy = live.failing = False
        return
    live.healthy = all(state == "healthy" for state in states) if states else since >= _SETTLE_SECONDS * patience.second
    grace = float(vars(service).get("health_check_grace_period_seconds") or 0) * patience.second
    late = since > (grace if live.counted else max(grace, patience.boot))
    live.failing = late and "unhealthy" in states
    if live.healthy and not live.counted:
        live.counted = True
        _prove(service, task)


def snapshot(service: Service) -> decide.Snapshot:
    """Return what is decided from."""
    live, configuration = of_service(service), vars(service).get("deployment_configuration") or {}
    breaker = configuration.get("deploymentCircuitBreaker") or {}
    active, primary = service.status == "ACTIVE", live.primary
    desired = service.desired_count if active else 0
    threshold = decide.breaker_threshold(desired, breaker.get("thresholdConfiguration"))
    return decide.Snapshot(
        desired=desired,
        primary=primary.id,
        rollout=primary.rollout,
        tasks=[_view(task) for task in tasks_of(service)],
        older=[item.id for item in live.deployments[1:]],
        minimum_percent=_percent(configuration, "minimumHealthyPercent", 100),
        maximum_percent=_percent(configuration, "maximumPercent", 200),
        failed=primary.failed,
        threshold=threshold if breaker.get("enable") and active else None,
        alarms=[] if primary.unwatched else deployments.ringing(service),
        may_start=time.time() >= primary.retry_at,
        steady=live.steady,
    )


def act(runtime: Runtime, service: Service, actions: list[decide.Action]) -> list[Task]:
    """Do what was decided; returns the tasks that were made and now have to be started."""
    made: list[Task] = []
    live = of_service(service)
    for action in actions:
        match action:
            case decide.Start(count):
                made += [_make(runtime.world, service) for _ in range(count)]
                live.steady = False
            case decide.Stop(task, unhealthy):
                _stop(runtime.world, service, task, unhealthy=unhealthy)
            case decide.Fail(reason):
                deployments.fail(service, reason, alarms=[] if live.primary.unwatched else deployments.ringing(service))
            case decide.Drop(deployment):
                live.deployments = [item for item in live.deployments if item.id != deployment]
            case decide.Complete():
                deployments.complete(service)
            case decide.Announce():
                live.steady = True
                deployments.say(service, "has reached a steady state.")
    if made:
        listed = ", ".join(f"(task {task.id})" for task in made)
        deployments.say(service, f"has started {len(made)} tasks: {listed}.")
    return made


def count_failure(service: Service, task: Task) -> None:
    """Count a task that failed against its deployment, and wait longer before the next try.

    Follows the API reference's Deployment (failedTasks): counted one after the other, until a task of the deployment
    was well; and "Amazon ECS service throttle logic".
    """
    live = of_service(service)
    deployment = next((item for item in live.deployments if item.id == task.started_by), None)
    live.steady = False
    if deployment is None:
        return
    deployment.failed += not deployment.proven
    deployment.setbacks += 1
    deployment.retry_at = time.time() + min(0.1 * 2 ** min(deployment.setbacks, 10), _LONGEST_RETRY)
    rollout = live.rollout(deployment.service_deployment)
    rollout.failures = max(rollout.failures, deployment.failed)
    deployments.say(service, f"(task {task.id}) stopped: {of_task(task).reason}")


def _prove(service: Service, task: Task) -> None:
    """Note that a deployment's task was well: the count of failures is zero from now on.

    Follows the API reference's Deployment (failedTasks) and DeploymentCircuitBreaker (resetOnHealthyTask), which
    can be told to go on counting.
    """
    configuration = vars(service).get("deployment_configuration") or {}
    counts_on = (configuration.get("deploymentCircuitBreaker") or {}).get("resetOnHealthyTask") is False
    for deployment in of_service(service).deployments:
        if deployment.id == task.started_by:
            deployment.setbacks, deployment.retry_at = 0, 0.0
            if not counts_on:
                deployment.failed, deployment.proven = 0, True


def _make(world: World, service: Service) -> Task:
    moto, primary = backend(world), of_service(service).primary
    return tasks.make(
        world,
        moto.clusters[service.cluster_name],
        moto.describe_task_definition(primary.task_definition),
        of_service(service).revisions[primary.revision].network,
        group=f"service:{service.name}",
        started_by=primary.id,
        tags=list(service.tags) if service.propagate_tags == "SERVICE" else [],
    )


def _stop(world: World, service: Service, identity: str, *, unhealthy: bool) -> None:
    """Ask a task to stop. Follows "Amazon ECS stopped tasks error messages" for both reasons."""
    task = next(item for item in tasks_of(service) if item.id == identity)
    live = of_task(task)
    live.status, live.stopping, live.stop_code = "DEACTIVATING", time.time(), "ServiceSchedulerInitiated"
    live.healthy = False
    if unhealthy:
        group = live.targets[0][0] if live.targets else "none"
        live.reason = f"Task failed ELB health checks in (target-group {group})"
        live.failed = True
    else:
        live.reason = f"Scaling activity initiated by (deployment {of_service(service).primary.id})"
    deployments.say(service, f"has stopped 1 running tasks: (task {task.id}).")
    tasks.describe(world, task)


def _view(task: Task) -> TaskView:
    live = of_task(task)
    return TaskView(task.id, task.started_by, live.healthy, live.failing, stopping=live.stopping is not None)


def _percent(configuration: dict[str, object], key: str, default: int) -> int:
    value = configuration.get(key)
    return default if value is None else int(str(value))
