"""Fault rules: which calls they hit, and how often."""

import pytest

from dco_sandbox.exchange import Answer, Call, Dropped, Exchange
from dco_sandbox.faults import Faults, Rule, faulty

UPDATE = Call("ecs", "UpdateService", "AKIA", "Boto3/1 dco/1", "application/x-amz-json-1.1")
DESCRIBE = Call("ecs", "DescribeServices", "AKIA", "Terraform/1", "application/x-amz-json-1.1")


def struck(faults: Faults, call: Call, times: int) -> list[bool]:
    return [faults.strike(call) is not None for _ in range(times)]


def test_count_and_after() -> None:
    faults = Faults()
    faults.add(Rule(kind="throttle", service="ecs", action="Update*", after=1, count=2))
    assert struck(faults, DESCRIBE, 2) == [False, False]
    assert struck(faults, UPDATE, 5) == [False, True, True, False, False]
    assert faults.in_force() == []


def test_without_a_count_a_rule_strikes_until_it_is_cleared() -> None:
    faults = Faults()
    faults.add(Rule(kind="error"))
    assert struck(faults, UPDATE, 3) == [True, True, True]
    faults.clear()
    assert struck(faults, UPDATE, 1) == [False]


def test_one_client_and_one_sort_of_call_can_be_chosen() -> None:
    faults = Faults()
    faults.add(Rule(kind="error", user_agent="*Terraform*"))
    faults.add(Rule(kind="delay", mutating=True))
    first, second = faults.strike(DESCRIBE), faults.strike(UPDATE)
    assert (first and first.kind, second and second.kind) == ("error", "delay")


def test_the_first_rule_strikes_and_the_second_waits_its_turn() -> None:
    faults = Faults()
    faults.add(Rule(kind="throttle", count=1))
    faults.add(Rule(kind="error", count=1))
    kinds = [rule.kind for _ in range(3) if (rule := faults.strike(UPDATE))]
    assert kinds == ["throttle", "error"]


@pytest.mark.parametrize(("kind", "when", "happens"), [
    ("lose-response", "before", True),
    ("signal", "after", True),
    ("signal", "before", False),
])  # fmt: skip
def test_whether_the_effect_happens_when_no_answer_comes(kind: str, when: str, happens: bool) -> None:
    effects: list[Call] = []

    def serve(exchange: Exchange) -> Answer:
        effects.append(exchange.call)
        return Answer(200, [], b"")

    faults = Faults()
    faults.add(Rule(kind=kind, when=when))  # pyright: ignore[reportArgumentType] - parametrized
    with pytest.raises(Dropped):
        faulty(faults, serve)(Exchange(UPDATE, {}, b""))
    assert bool(effects) is happens
