"""The ECS layer: every task and service moves one step per tick."""

from functools import partial

from moto.ecs.models import Service, Task

from dco_sandbox.ecs import agent, api, decide, metadata, scheduler, shipping, task_api, tasks, views
from dco_sandbox.ecs.scheduler import Patience
from dco_sandbox.ecs.state import backend, of_service, of_task, tasks_of
from dco_sandbox.elb import targets
from dco_sandbox.runtime import Runtime

_SHOWN_SECONDS = 3600.0


class EcsLayer:
    """Tasks that are processes, and services that keep them running."""

    def __init__(self, boot_seconds: float = 8.0) -> None:
        self._stopper = agent.Stopper()
        self._boot_seconds = boot_seconds

    def install(self, runtime: Runtime) -> None:
        """Put the live calls in the place of moto's."""
        api.install(runtime)
        task_api.install(runtime)
        runtime.pages[metadata.PREFIX] = partial(metadata.page, runtime.world)

    def tick(self, runtime: Runtime) -> None:
        """Start, watch and stop tasks, then let every service decide."""
        with runtime.lock:
            before = _fingerprint(runtime)
            for task in _present(runtime):
                self._advance(runtime, task)
            for service in list(backend(runtime.world).services.values()):
                self._schedule(runtime, service)
            for task in _present(runtime):
                shipping.ship(runtime, task)
            if _fingerprint(runtime) != before:
                _describe(runtime)
                runtime.touch("ecs", "ec2")
            _forget(runtime)

    def _advance(self, runtime: Runtime, task: Task) -> None:
        """Move a task along the states of "Amazon ECS task lifecycle"."""
        live = of_task(task)
        match live.status:
            case "PROVISIONING":
                agent.start(runtime, task)
            case "RUNNING":
                agent.look(runtime, task)
            case "DEACTIVATING":
                self._deactivate(runtime, task)
            case _:
                self._stopper.ask(runtime, task)
                agent.look(runtime, task)
        if live.over and live.failed:
            service = _service_of(runtime, task)
            if service is not None:
                scheduler.count_failure(service, task)
        if live.over:
            targets.deregister(runtime, live.targets)

    def _deactivate(self, runtime: Runtime, task: Task) -> None:
        """Take a task out of its target groups; it is stopped once these have drained.

        Follows "Amazon ECS task lifecycle" (DEACTIVATING, STOPPING).
        """
        live = of_task(task)
        targets.deregister(runtime, live.targets)
        if not any(target in targets.health(runtime.world) for target in live.targets):
            live.status = "STOPPING"
            self._stopper.ask(runtime, task)
            agent.look(runtime, task)

    def _schedule(self, runtime: Runtime, service: Service) -> None:
        if service.status == "INACTIVE":
            return
        patience = Patience(runtime.world.minute_seconds / 60, self._boot_seconds)
        health = targets.health(runtime.world)
        for task in tasks_of(service):
            _register(runtime, service, task)
            scheduler.observe(task, service, health, patience)
        actions = decide.reconcile(scheduler.snapshot(service))
        for task in scheduler.act(runtime, service, actions):
            agent.start(runtime, task)


def _register(runtime: Runtime, service: Service, task: Task) -> None:
    """Put a running task into its service's target groups, once. "Amazon ECS task lifecycle", ACTIVATING."""
    live = of_task(task)
    if live.status != "RUNNING" or live.targets:
        return
    deployment = next((item for item in of_service(service).deployments if item.id == task.started_by), None)
    if deployment is None:
        return
    for item in of_service(service).revisions[deployment.revision].load_balancers:
        target = (str(item["targetGroupArn"]), live.address, int(item["containerPort"]))
        targets.register(runtime, target)
        live.targets.append(target)


def _present(runtime: Runtime) -> list[Task]:
    clusters = backend(runtime.world).tasks.values()
    return [task for cluster in clusters for task in cluster.values() if not of_task(task).over]


def _service_of(runtime: Runtime, task: Task) -> Service | None:
    kind, _, name = task.group.partition(":")
    services = backend(runtime.world).services
    return services.get(f"{task.cluster_name}:{name}") if kind == "service" else None


def _describe(runtime: Runtime) -> None:
    moto = backend(runtime.world)
    for cluster in moto.tasks.values():
        for task in cluster.values():
            tasks.describe(runtime.world, task)
    for service in moto.services.values():
        if service.status != "INACTIVE":
            views.describe(runtime.world, service)


def _forget(runtime: Runtime) -> None:
    """Drop tasks that stopped long ago. API reference, DescribeTasks: shown for at least an hour."""
    for cluster in backend(runtime.world).tasks.values():
        newest = max((of_task(task).created for task in cluster.values()), default=0.0)
        for arn, task in list(cluster.items()):
            if newest - (of_task(task).stopped or newest) > _SHOWN_SECONDS:
                del cluster[arn]
                runtime.processes.forget(agent.name(task))


def _fingerprint(runtime: Runtime) -> str:
    """Tell two states apart, so that only a tick that changed something is saved."""
    moto = backend(runtime.world)
    known = [of_task(task) for cluster in moto.tasks.values() for task in cluster.values()]
    services = [(item.status, item.desired_count, of_service(item)) for item in moto.services.values()]
    return repr((known, services))
