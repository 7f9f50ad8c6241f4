"""Waiting for a rollout's truth: what runs, not what a waiter says."""

from dco.model.environment import Service
from dco.model.errors import StepFailed
from dco.seams.outside import Outside
from dco.seams.services import Rollout

POLL_SECONDS = 0.5


def await_rollout(outside: Outside, service: Service, revision: str) -> Rollout:
    """Return once the service runs `revision` and nothing else. Raises `StepFailed` with the task's last words.

    The platform may roll back by itself and then be content, somebody may update the service in the middle, and a task
    may be healthy and then die: each shows as another primary revision, as failed tasks or as a service that does not
    settle before its time limit, which `StepFailed` calls slow, not broken.
    """
    deadline = outside.clock.seconds() + service.time_limit_seconds
    while True:
        state = outside.services.rollout(service.cluster, service.name, service.container)
        if state.revision != revision:
            raise _failed(outside, service, revision, f"another revision took over: {_short(state.revision)}")
        if state.state == "failed":
            raise _failed(outside, service, revision, "the platform gave the rollout up")
        if state.settled:
            return state
        if outside.clock.seconds() > deadline:
            what = f"{state.running} of {state.wanted} tasks run after {service.time_limit_seconds:.0f} s; it is slow"
            raise _failed(outside, service, revision, what)
        outside.clock.sleep(POLL_SECONDS)


def _failed(outside: Outside, service: Service, revision: str, why: str) -> StepFailed:
    log = outside.services.failed_log(service.cluster, service.name, revision)
    words = "\n".join(f"    {line}" for line in log)
    return StepFailed(
        f"{service.name} does not run {_short(revision)}: {why}" + (f"\n{words}" if words else ""),
        "the reason is in the last lines of the task's log",
    )


def _short(revision: str) -> str:
    return revision.rpartition("/")[2]
