"""docs/plan-review.md says what the code does: its examples are what plans really get, its lists are whole."""

import json
import re
from pathlib import Path

import pytest

from dco.model.environment import Stack
from dco.model.holding import HOLDS_DATA, PROTECTIONS
from dco.plan.guard import inspect
from dco.providers.checkout import texts
from dco.providers.terraform.reading import read_plan
from dco.review.terraform import RULES, review, without_versions

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "guard"
REVIEWS = ROOT / "tests" / "cases" / "review"
PAGE = (ROOT / "docs" / "plan-review.md").read_text(encoding="utf-8")
ROWS: list[tuple[str, str, str]] = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `([a-z0-9-]+)` \|$", PAGE, re.MULTILINE)


REVIEWED: list[tuple[str, str, str, str]] = re.findall(
    r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \| (?:`([a-z0-9-]+)` )?\|$", PAGE, re.MULTILINE
)


def listed(mark: str) -> set[str]:
    between = re.search(rf"<!-- {mark} -->(.*?)<!-- /{mark} -->", PAGE, re.DOTALL)
    assert between is not None
    return set(re.findall(r"`([^`]+)`", between[1]))


@pytest.mark.parametrize(("rule", "example", "case"), ROWS, ids=[f"{case}: {rule}" for rule, _, case in ROWS])
def test_an_example_is_what_the_guard_says(rule: str, example: str, case: str) -> None:
    assert rule
    expected = json.loads((CASES / case / "expected.json").read_text())
    plan = read_plan(json.loads((CASES / case / "plan.json").read_text()), "saved.tfplan", 1)
    stack = Stack(directory="infra", holds_data=expected["holds_data"])
    verdict = inspect("main", stack, plan, frozenset({"/slot"}), frozenset(expected.get("resolved", [])))
    assert any(example in said for said in (*verdict.refusals, *verdict.notes, *verdict.told))


def test_the_page_has_every_rule() -> None:
    assert len(ROWS) == 28
    assert listed("holds-data") == set(HOLDS_DATA)
    assert listed("protections") == set(PROTECTIONS)


@pytest.mark.parametrize(("rule", "finds", "example", "case"), REVIEWED, ids=[row[0] for row in REVIEWED])
def test_an_example_is_what_the_review_says(rule: str, finds: str, example: str, case: str) -> None:
    assert finds == RULES[rule]
    if not case:
        assert without_versions("states", "Suspended").what == example
        return
    expected = json.loads((REVIEWS / case / "expected.json").read_text())
    found = review({"infra": expected["backend"]}, texts(REVIEWS / case / "files"), ".github/workflows")
    assert (rule, example) in [(one.rule, one.what) for one in found]


def test_the_page_has_every_rule_of_the_review() -> None:
    assert [row[0] for row in REVIEWED] == sorted(RULES)
