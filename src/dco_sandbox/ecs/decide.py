"""What a service's scheduler does next: pure, from a snapshot of a service to a list of actions.

The rules are those of the Amazon ECS Developer Guide, "Deploy Amazon ECS services by replacing tasks" (rolling
update) and "How the Amazon ECS deployment circuit breaker detects failures". One thing is stricter than there:
a task counts towards the maximum until it has STOPPED, so that at 0/100 the old has ended before the new starts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"


@dataclass(frozen=True)
class TaskView:
    """A task that has not STOPPED; `failing` means that its health checks failed after any grace."""

    id: str
    deployment: str
    healthy: bool = False
    failing: bool = False
    stopping: bool = False


@dataclass(frozen=True)
class Snapshot:
    """Everything that a decision about one service is made from; `failed` counts consecutively failed tasks.

    `threshold` is None without a circuit breaker, `alarms` are the deployment alarms that fire.
    """

    desired: int
    primary: str
    rollout: str
    tasks: Sequence[TaskView] = ()
    older: Sequence[str] = ()
    minimum_percent: int = 100
    maximum_percent: int = 200
    failed: int = 0
    threshold: int | None = None
    alarms: Sequence[str] = ()
    may_start: bool = True
    steady: bool = False

    @property
    def minimum(self) -> int:
        """The healthy tasks that must remain: DeploymentConfiguration, minimumHealthyPercent (rounded up)."""
        return math.ceil(self.desired * self.minimum_percent / 100)

    @property
    def maximum(self) -> int:
        """The tasks that may exist: DeploymentConfiguration, maximumPercent (rounded down)."""
        return self.desired * self.maximum_percent // 100


@dataclass(frozen=True)
class Start:
    """Start so many tasks of the primary deployment."""

    count: int


@dataclass(frozen=True)
class Stop:
    """Stop a task; `unhealthy` when its health checks failed, else because it is in excess."""

    task: str
    unhealthy: bool = False


@dataclass(frozen=True)
class Fail:
    """The primary deployment has failed, for this reason."""

    reason: str


@dataclass(frozen=True)
class Drop:
    """An older deployment has no task any more: it is gone from the service. API reference, Deployment: INACTIVE."""

    deployment: str


@dataclass(frozen=True)
class Complete:
    """The primary deployment is done: every task healthy, nothing older left."""


@dataclass(frozen=True)
class Announce:
    """The service has reached a steady state. "Amazon ECS service event messages" tells when that is said."""


Action = Start | Stop | Fail | Drop | Complete | Announce


def breaker_threshold(desired: int, configuration: dict[str, object] | None = None) -> int:
    """Return how many failures open the breaker: half of the desired count, at least 3, at most 200.

    Follows "How the Amazon ECS deployment circuit breaker detects failures", section on the failure threshold,
    and the API reference's ThresholdConfiguration for a configured kind and value.
    """
    kind = (configuration or {}).get("type", "BOUNDED_PERCENT")
    value = int(str((configuration or {}).get("value", 50)))
    if kind == "COUNT":
        return value
    share = math.ceil(desired * value / 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(max(3, share), 200)


def reconcile(service: Snapshot) -> list[Action]:
    """Decide what happens next; an empty list means that there is nothing to do now.

    Doing the actions never takes the healthy tasks below the minimum, nor all tasks above the maximum.
    """
    if (reason := _failure(service)) is not None:
        return [Fail(reason)]
    starts = _starts(service)
    actions: list[Action] = [Start(starts)] if starts else []
    actions += _stops(service, starts)
    present = {task.deployment for task in service.tasks}
    actions += [Drop(older) for older in service.older if older not in present]
    return actions + _ending(service, changed=bool(actions))


def _failure(service: Snapshot) -> str | None:
    """Say why the primary deployment has failed, looked at only while it is in progress; None when it has not.

    Follows "How the Amazon ECS deployment circuit breaker detects failures" and "How CloudWatch alarms detect
    Amazon ECS deployment failures".
    """
    if service.rollout != IN_PROGRESS:
        return None
    if service.alarms:
        return f"ECS deployment failed: alarm(s) detected: {', '.join(service.alarms)}."
    if service.threshold is not None and service.failed >= service.threshold:
        return "ECS deployment circuit breaker: tasks failed to start."
    return None


def _starts(service: Snapshot) -> int:
    """Follows "Deploy Amazon ECS services by replacing tasks": new ones as long as the maximum has room.

    A deployment that has failed launches nothing more ("Amazon ECS deployment circuit breaker").
    """
    if service.rollout == FAILED or not service.may_start:
        return 0
    return max(0, min(_missing(service), service.maximum - len(service.tasks)))


def _missing(service: Snapshot) -> int:
    """Count the primary's tasks that are wanted and not there; one that fails its checks wants a replacement."""
    own = [t for t in service.tasks if t.deployment == service.primary and not t.stopping and not t.failing]
    return max(0, service.desired - len(own))


def _stops(service: Snapshot, starts: int) -> list[Stop]:
    return [*_unhealthy(service), *_excess(service), *_replaced(service, starts)]


def _unhealthy(service: Snapshot) -> list[Stop]:
    """Follows "Amazon ECS services", on replacing unhealthy tasks: the replacement starts first if it may.

    Where the maximum has no room for one, the unhealthy task makes it by stopping.
    """
    own = [t for t in service.tasks if t.deployment == service.primary and not t.stopping]
    failing = [t for t in own if t.failing]
    well = sum(t.healthy for t in own)
    full = len(service.tasks) + _missing(service) > service.maximum
    if well >= service.desired or full or service.rollout == FAILED:
        return [Stop(t.id, unhealthy=True) for t in failing]
    return []


def _excess(service: Snapshot) -> list[Stop]:
    """Follows "Amazon ECS services", desired count: what is above it is stopped, what is not well first."""
    own = [t for t in service.tasks if t.deployment == service.primary and not t.stopping and not t.failing]
    own.sort(key=lambda task: task.healthy)
    return [Stop(t.id) for t in own[: max(0, len(own) - service.desired)]]


def _replaced(service: Snapshot, starts: int) -> list[Stop]:
    """Follows "Deploy Amazon ECS services by replacing tasks": an old task goes when a new one took its place.

    Where the maximum leaves no room for the new, it goes before, as far as the minimum allows.
    """
    if service.rollout == FAILED and service.desired:
        return []
    older = [t for t in service.tasks if t.deployment != service.primary and not t.stopping]
    idle, serving = [t for t in older if not t.healthy], [t for t in older if t.healthy]
    own = sum(t.healthy for t in service.tasks if t.deployment == service.primary and not t.stopping)
    spare = own + len(serving) - service.minimum
    replaced = len(serving) - max(0, service.desired - own)
    leaving = sum(t.stopping for t in service.tasks) + len(idle)
    crowded = _missing(service) - starts - leaving if service.may_start else 0
    count = max(0, min(max(replaced, crowded), spare, len(serving)))
    return [*(Stop(t.id, unhealthy=t.failing) for t in idle), *(Stop(t.id) for t in serving[:count])]


def _ending(service: Snapshot, *, changed: bool) -> list[Action]:
    """Follows the API reference's Deployment, rolloutState: COMPLETED once the service is in a steady state."""
    own = [t for t in service.tasks if t.deployment == service.primary]
    settled = len(own) == len(service.tasks) == service.desired and all(t.healthy and not t.stopping for t in own)
    if not settled or changed or service.rollout == FAILED:
        return []
    if service.rollout == IN_PROGRESS:
        return [Complete(), Announce()]
    return [] if service.steady else [Announce()]
