"""A deployment's failed tasks are counted one after the other, until one of its tasks was well."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from dco_sandbox.ecs import scheduler
from dco_sandbox.ecs.scheduler import Patience
from dco_sandbox.ecs.state import DeploymentState, Rollout, ServiceState, TaskState, now

GROUP = ("group", "127.9.0.1", 80)


def service(**breaker: Any) -> Any:
    live = ServiceState(
        deployments=[DeploymentState("new", "revision", "family:1", "rollout", now(), now())],
        rollouts=[Rollout("rollout", "revision", None, now(), {})],
    )
    configuration = {"deploymentCircuitBreaker": {"enable": True, "rollback": True, **breaker}}
    return SimpleNamespace(name="s", events=[], live=live, deployment_configuration=configuration)


def task(**state: Any) -> Any:
    live = TaskState(GROUP[1], status="RUNNING", started=time.time(), targets=[GROUP], **state)
    return SimpleNamespace(id="t", started_by="new", live=live)


def gets_well(of: Any) -> None:
    scheduler.observe(task(), of, {GROUP: "healthy"}, Patience(1))


def test_failures_are_counted_and_slow_the_next_start() -> None:
    made = service()
    for _ in range(3):
        scheduler.count_failure(made, task())
    deployment = made.live.primary
    assert deployment.failed == made.live.rollouts[0].failures == 3
    assert deployment.retry_at > time.time() + 0.5


def test_a_healthy_task_ends_the_count() -> None:
    made = service()
    scheduler.count_failure(made, task())
    gets_well(made)
    assert (made.live.primary.failed, made.live.primary.retry_at) == (0, 0)
    scheduler.count_failure(made, task())
    assert made.live.primary.failed == 0
    assert made.live.primary.retry_at > time.time()


def test_the_count_goes_on_when_that_is_asked() -> None:
    made = service(resetOnHealthyTask=False)
    scheduler.count_failure(made, task())
    gets_well(made)
    scheduler.count_failure(made, task())
    assert made.live.primary.failed == 2


@pytest.mark.parametrize("state", ["initial", "unhealthy", "unused"])
def test_a_task_whose_target_is_not_healthy_proves_nothing(state: str) -> None:
    made = service()
    scheduler.count_failure(made, task())
    scheduler.observe(task(), made, {GROUP: state}, Patience(1))
    assert made.live.primary.failed == 1
