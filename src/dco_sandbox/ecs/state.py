"""What the sandbox knows of tasks and services beyond moto: plain data that lives in moto's own objects.

It is pickled with moto's backends; a daemon that was started again goes on from it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.ecs.models import EC2ContainerServiceBackend, Service, Task, ecs_backends

from dco_sandbox.world import World

LIFECYCLE = (
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
)
"""Amazon ECS Developer Guide, "Amazon ECS task lifecycle"."""


@dataclass
class TaskState:
    """A task's life; times are seconds since the epoch, `targets` where it is registered (group, ip, port)."""

    address: str
    status: str = "PROVISIONING"
    created: float = 0.0
    started: float | None = None
    stopping: float | None = None
    stopped: float | None = None
    stop_code: str | None = None
    reason: str = ""
    exit_code: int | None = None
    container_reason: str | None = None
    digest: str | None = None
    healthy: bool = False
    failing: bool = False
    failed: bool = False
    counted: bool = False
    targets: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    log_offset: int = 0

    @property
    def over(self) -> bool:
        """Whether it has STOPPED."""
        return self.status == "STOPPED"


@dataclass
class Revision:
    """A service revision: what a deployment deploys."""

    arn: str
    task_definition: str
    created: datetime
    load_balancers: list[dict[str, Any]]
    network: dict[str, Any]
    platform_version: str


@dataclass
class DeploymentState:
    """One of a service's deployments; `service_deployment` is the ARN of the rollout that it belongs to.

    `proven` once a task was well: then `failed` is not counted any more, but `setbacks`, which slow the next start.
    `unwatched` when an alarm rang already as it began: then no alarm is looked at.
    """

    id: str
    revision: str
    task_definition: str
    service_deployment: str
    created: datetime
    updated: datetime
    status: str = "PRIMARY"
    rollout: str = "IN_PROGRESS"
    reason: str = ""
    failed: int = 0
    proven: bool = False
    setbacks: int = 0
    retry_at: float = 0.0
    unwatched: bool = False


@dataclass
class Rollout:
    """A service deployment: one request to change a service, with the rollback that may have followed."""

    arn: str
    target: str
    source: str | None
    created: datetime
    configuration: dict[str, Any]
    updated: datetime | None = None
    finished: datetime | None = None
    status: str = "IN_PROGRESS"
    reason: str | None = None
    rollback: dict[str, Any] | None = None
    breaker: str = "DISABLED"
    failures: int = 0
    threshold: int = 0
    alarms: list[str] = field(default_factory=list[str])


@dataclass
class ServiceState:
    """A service: newest deployment, rollout and revision first; `completed` is the last revision that worked."""

    deployments: list[DeploymentState] = field(default_factory=list[DeploymentState])
    rollouts: list[Rollout] = field(default_factory=list[Rollout])
    revisions: dict[str, Revision] = field(default_factory=dict[str, Revision])
    completed: str | None = None
    steady: bool = False
    serial: int = 0

    @property
    def primary(self) -> DeploymentState:
        """The deployment that the service is moving to, or has reached."""
        return self.deployments[0]

    def rollout(self, arn: str) -> Rollout:
        """Return a service deployment by ARN."""
        return next(item for item in self.rollouts if item.arn == arn)


def backend(world: World) -> EC2ContainerServiceBackend:
    """Return moto's ECS of a world."""
    return ecs_backends[world.account][world.region]


def of_task(task: Task) -> TaskState:
    """Return what is known of a task."""
    return vars(task)["live"]


def of_service(service: Service) -> ServiceState:
    """Return what is known of a service."""
    return vars(service)["live"]


def tasks(world: World) -> list[Task]:
    """Return every task of a world, stopped ones too."""
    return [task for cluster in backend(world).tasks.values() for task in cluster.values()]


def tasks_of(service: Service) -> list[Task]:
    """Return a service's tasks that have not STOPPED, oldest first."""
    group = f"service:{service.name}"
    known = service._backend.tasks.get(service.cluster_name, {}).values()  # noqa: SLF001 - moto keeps it there
    return [task for task in known if task.group == group and not of_task(task).over]


def now() -> datetime:
    """Return the present time, as moto's answers want it."""
    return datetime.now(UTC).replace(tzinfo=None)
