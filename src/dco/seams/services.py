"""Container services and tasks (ECS)."""

from typing import Protocol

import msgspec

from dco.model.finding import Finding


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """What a service is doing, read back from the running system."""

    revision: str
    """ARN of the task definition revision of the primary deployment."""
    state: str
    """`in-progress`, `completed` or `failed`, of the primary deployment."""
    settled: bool
    """True when exactly one deployment is left, completed, with every wanted task running."""
    wanted: int
    running: int
    failed_tasks: int
    images: tuple[str, ...]
    """Digests of all tasks that run now, sorted, without repetition."""
    events: tuple[str, ...]
    """The newest messages first."""


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """A single task: whether it still runs and how it ended."""

    arn: str
    running: bool
    exit_code: int | None = None
    reason: str = ""
    log: tuple[str, ...] = ()
    """The last lines that it wrote."""


class Services(Protocol):
    """The container platform. Clusters, services and families are names, revisions and tasks are ARNs."""

    def rollout(self, cluster: str, service: str, container: str | None = None) -> Rollout:
        """Read what the service is doing. Raises `ConfigurationError` when there is no such service.

        `images` are those of the named container, or of all containers, sidecars included.
        """
        ...

    def newest(self, family: str) -> str:
        """Return the ARN of the newest active revision of a family."""
        ...

    def image_of(self, revision: str, container: str | None = None) -> str:
        """Return the image that a revision names for a container (or its only one)."""
        ...

    def definition(self, revision: str) -> dict[str, object]:
        """Return what a revision says, as `register` takes it: without ARN, number, status and times."""
        ...

    def preflight(self, revision: str, image: str) -> tuple[Finding, ...]:
        """Look whether everything that a revision names exists: image, roles, parameters, secrets, log groups."""
        ...

    def register(self, base: str, image: str, token: str) -> str:
        """Return a revision like `base` with another image; the one already registered under `token`, if any.

        The token is kept as the tag `dco:token` of the revision.
        """
        ...

    def standing(self, revision: str, token: str) -> str:
        """Return the revision while it may be used, else one that says the same, registered once under `token`."""
        ...

    def registered(self, family: str, token: str) -> str | None:
        """Return the ARN of the revision of a family that was registered under a token, if any is active."""
        ...

    def deregister(self, revision: str) -> None:
        """Take a revision out of use; one that is gone already is fine."""
        ...

    def roll(self, cluster: str, service: str, revision: str, *, singleton: bool) -> None:
        """Begin to replace a service's tasks by a revision; nothing when that is its primary deployment already.

        A singleton's old task is stopped before the new one starts. Raises `StepFailed` when the platform refuses, as
        it does a revision that was deregistered: register one like it.
        """
        ...

    def stop_rollout(self, cluster: str, service: str) -> None:
        """Stop a rollout in progress and let the platform roll it back; nothing when none is in progress."""
        ...

    def failed_log(self, cluster: str, service: str, revision: str) -> tuple[str, ...]:
        """Return the stop reason and the last log lines of the newest task of a revision that stopped, if any."""
        ...

    def start_task(self, cluster: str, family: str, network_of: str, command: list[str] | None, token: str) -> str:
        """Start one task; return its ARN.

        The same token never starts a second one while the platform remembers the first (ECS: an hour after its end);
        a caller that may come back later keeps the ARN. `command` is for the first essential container.
        """
        ...

    def task(self, cluster: str, arn: str) -> TaskState:
        """Read a task's state. Raises `Unreadable` for a task that the platform has forgotten.

        The exit code is the first essential container's; None for a task that was stopped before it ran.
        """
        ...

    def running_tasks(self, cluster: str, family: str) -> tuple[str, ...]:
        """Return the ARNs of the family's tasks that run, are about to or have not ended yet, whoever started them."""
        ...
