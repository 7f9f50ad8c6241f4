"""The guard on plan JSON, a folder per case: what Terraform would do, and what the guard says to it."""

import json
from pathlib import Path

import pytest

from dco.model.environment import Stack
from dco.model.errors import DcoError
from dco.plan.guard import inspect
from dco.providers.terraform.reading import read_plan

CASES = Path(__file__).parents[1] / "cases" / "guard"


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_case(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text())
    plan = read_plan(json.loads((case / "plan.json").read_text()), "saved.tfplan", 1)
    stack = Stack(directory="infra", holds_data=expected["holds_data"])
    verdict = inspect("main", stack, plan, frozenset({"/slot"}), frozenset(expected.get("resolved", [])))
    assert len(verdict.refusals) == len(expected["refusals"])
    for said, wanted in zip(verdict.refusals, expected["refusals"], strict=True):
        assert wanted in said
        assert "way out: " in said
    assert len(verdict.notes) == len(expected["notes"])
    for said, wanted in zip(verdict.notes, expected["notes"], strict=True):
        assert wanted in said
    assert verdict.risk == expected["risk"]
    assert expected.get("told", "") in "; ".join(verdict.told)
    assert "hunter22" not in repr((plan, verdict))


def test_a_plan_of_two_thousand_resources_is_judged_in_a_second() -> None:
    change = json.loads((CASES / "instance-replaced/plan.json").read_text())["resource_changes"][0]
    shown = {"resource_changes": [change | {"address": f"aws_instance.i{number}"} for number in range(2000)]}
    assert len(inspect("main", Stack(directory="."), read_plan(shown, "f", 1)).refusals) == 2000


@pytest.mark.parametrize(
    ("shown", "what"),
    [
        ({"format_version": "2.0", "resource_changes": []}, "the plan is in format 2.0, dco reads 1.x"),
        ({"format_version": "1.2", "errored": True}, "Terraform ended the plan early"),
    ],
)
def test_a_plan_that_can_not_be_read_is_never_taken_for_one_with_nothing_to_do(
    shown: dict[str, object], what: str
) -> None:
    with pytest.raises(DcoError, match=what):
        read_plan(shown, "saved.tfplan", 1)
