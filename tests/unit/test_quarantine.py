"""What was rolled back stays out, also in the company of something new."""

from dco.model.plan import Plan, Step
from dco.providers.memory import MemoryObjects
from dco.record import quarantine
from dco.record.quarantine import Quarantined


def step(operation: str, target: str, content: str) -> Step:
    return Step(operation=operation, target=target, reason="r", undo="u", arguments={"content": content})


def plan(*steps: Step) -> Plan:
    return Plan(environment="e", base="b", revision="c", changes=(), steps=steps)


BAD = step("service.roll", "api", "bad")
GOOD = step("service.roll", "api", "good")
STACK = step("stack.apply", "main", "more logs")


def kept_out() -> MemoryObjects:
    objects = MemoryObjects()
    goal = plan(STACK, BAD).goal
    quarantine.put(objects, Quarantined(goal=goal, parts=(BAD.goal,), night="n1", at="t", why="it never got healthy"))
    return objects


def test_the_same_plan_is_kept_out_and_a_mended_one_is_not() -> None:
    assert quarantine.find(kept_out(), plan(STACK, BAD))
    assert not quarantine.find(kept_out(), plan(STACK, GOOD))


def test_the_step_that_failed_is_kept_out_of_other_plans() -> None:
    assert quarantine.find(kept_out(), plan(BAD))
    assert quarantine.find(kept_out(), plan(step("stack.apply", "main", "fewer logs"), BAD))


def test_the_step_that_did_not_fail_is_let_in() -> None:
    assert not quarantine.find(kept_out(), plan(STACK))


def test_a_person_lifts_it_once() -> None:
    objects = kept_out()
    goal = plan(STACK, BAD).goal
    assert quarantine.lift(objects, goal)
    assert not quarantine.lift(objects, goal)
    assert not quarantine.find(objects, plan(STACK, BAD))
