"""A service's scheduler keeps its bounds from any state, gets to the wanted one, and knows when it has failed."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dco_sandbox.ecs.decide import (
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    Action,
    Announce,
    Complete,
    Drop,
    Fail,
    Snapshot,
    Start,
    Stop,
    TaskView,
    breaker_threshold,
    reconcile,
)

CONDITIONS = {
    "new": {},
    "well": {"healthy": True},
    "failing": {"failing": True},
    "stopping": {"stopping": True},
}


def task(number: int, deployment: str = "new", condition: str = "well") -> TaskView:
    return TaskView(f"t{number}", deployment, **CONDITIONS[condition])


def after(service: Snapshot, actions: list[Action], serial: int = 0) -> Snapshot:
    """Return the service once its actions were begun: what stops is still there."""
    stopped = {action.task for action in actions if isinstance(action, Stop)}
    tasks = [replace(t, stopping=True, healthy=False) if t.id in stopped else t for t in service.tasks]
    for action in actions:
        match action:
            case Start(count):
                tasks += [TaskView(f"s{serial}-{n}", service.primary) for n in range(count)]
            case Drop(deployment):
                service = replace(service, older=[name for name in service.older if name != deployment])
            case Complete():
                service = replace(service, rollout=COMPLETED)
            case Announce():
                service = replace(service, steady=True)
            case _:
                pass
    return replace(service, tasks=tasks)


def goes_well(service: Snapshot) -> Snapshot:
    """Return the service a while later: what stops is gone, what was new is well."""
    tasks = [t if t.failing else replace(t, healthy=True) for t in service.tasks if not t.stopping]
    return replace(service, tasks=tasks)


conditions = st.tuples(st.sampled_from(["new", "old", "older"]), st.sampled_from(sorted(CONDITIONS)))


@st.composite
def services(draw: st.DrawFn, rollout: str | None = None) -> Snapshot:
    rows = draw(st.lists(conditions, max_size=9))
    minimum = draw(st.sampled_from([0, 50, 100]))
    return Snapshot(
        desired=draw(st.integers(0, 4)),
        primary="new",
        rollout=rollout or draw(st.sampled_from([IN_PROGRESS, COMPLETED, FAILED])),
        tasks=[task(n, deployment, condition) for n, (deployment, condition) in enumerate(rows)],
        older=["old", "older"],
        minimum_percent=minimum,
        maximum_percent=draw(st.sampled_from([100, 150, 200])),
        may_start=draw(st.booleans()),
        steady=draw(st.booleans()),
    )


def well(service: Snapshot) -> int:
    return sum(t.healthy and not t.stopping for t in service.tasks)


@given(services())
def test_healthy_tasks_never_fall_below_the_minimum(service: Snapshot) -> None:
    then = after(service, reconcile(service))
    assert well(then) >= min(service.minimum, well(service))


@given(services())
def test_tasks_never_rise_above_the_maximum(service: Snapshot) -> None:
    then = after(service, reconcile(service))
    assert len(then.tasks) <= max(service.maximum, len(service.tasks))


@given(services(rollout=IN_PROGRESS))
def test_it_converges_from_any_state_when_tasks_get_well(service: Snapshot) -> None:
    assume(service.desired == 0 or service.minimum < service.maximum)
    service = replace(service, may_start=True, steady=False)
    for serial in range(40):
        actions = reconcile(service)
        service = goes_well(after(service, actions, serial))
        if not actions and service.steady:
            break
    assert [(t.deployment, t.healthy, t.stopping) for t in service.tasks] == [("new", True, False)] * service.desired
    assert (service.rollout, service.steady, list(service.older)) == (COMPLETED, True, [])
    assert reconcile(service) == []


@given(services(), st.integers(1, 3))
def test_the_same_is_decided_of_the_same(service: Snapshot, times: int) -> None:
    first = reconcile(service)
    assert all(reconcile(service) == first for _ in range(times))


@given(services())
def test_no_task_is_stopped_twice(service: Snapshot) -> None:
    stopped = [action.task for action in reconcile(service) if isinstance(action, Stop)]
    assert len(stopped) == len(set(stopped))
    assert not {t.id for t in service.tasks if t.stopping} & set(stopped)


@given(services(rollout=FAILED))
def test_what_has_failed_launches_nothing(service: Snapshot) -> None:
    assert not [action for action in reconcile(service) if isinstance(action, Start | Complete)]


def test_a_singleton_stops_the_old_before_it_starts_the_new() -> None:
    service = Snapshot(1, "new", IN_PROGRESS, [task(1, "old")], ["old"], minimum_percent=0, maximum_percent=100)
    first = reconcile(service)
    assert first == [Stop("t1")]
    stopping = after(service, first)
    assert reconcile(stopping) == []
    assert reconcile(goes_well(stopping)) == [Start(1), Drop("old")]


def test_a_rollout_with_room_starts_the_new_first() -> None:
    service = Snapshot(2, "new", IN_PROGRESS, [task(1, "old"), task(2, "old")], ["old"])
    started = after(service, reconcile(service))
    assert reconcile(service) == [Start(2)]
    assert reconcile(started) == []
    assert reconcile(goes_well(started)) == [Stop("t1"), Stop("t2")]


def test_an_unhealthy_task_is_replaced_before_it_stops() -> None:
    service = Snapshot(1, "new", COMPLETED, [task(1, condition="failing")])
    assert reconcile(service) == [Start(1)]
    full = replace(service, maximum_percent=100)
    assert reconcile(full) == [Stop("t1", unhealthy=True)]


@pytest.mark.parametrize(("failed", "fails"), [(2, False), (3, True)])
def test_the_circuit_breaker_opens_at_its_threshold(failed: int, fails: bool) -> None:
    service = Snapshot(2, "new", IN_PROGRESS, failed=failed, threshold=3)
    found = reconcile(service)
    assert [isinstance(action, Fail) for action in found] == [fails]
    assert not isinstance(reconcile(replace(service, threshold=None))[0], Fail)


def test_an_alarm_fails_a_deployment_in_progress_only() -> None:
    service = Snapshot(1, "new", IN_PROGRESS, [task(1)], alarms=["bell"])
    assert reconcile(service) == [Fail("ECS deployment failed: alarm(s) detected: bell.")]
    assert reconcile(replace(service, rollout=COMPLETED, steady=True)) == []


@pytest.mark.parametrize(
    ("desired", "configuration", "threshold"),
    [
        (1, None, 3),
        (10, None, 5),
        (1000, None, 200),
        (10, {"type": "COUNT", "value": 1}, 1),
        (10, {"type": "UNBOUNDED_PERCENT", "value": 10}, 1),
        (10, {"type": "BOUNDED_PERCENT", "value": 100}, 10),
    ],
)
def test_the_threshold_is_half_of_the_tasks_within_bounds(
    desired: int, configuration: dict[str, object] | None, threshold: int
) -> None:
    assert breaker_threshold(desired, configuration) == threshold
