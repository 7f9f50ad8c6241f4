"""The review of Terraform as it stands, a folder per case: a checkout, and what is remarked."""

import json
from pathlib import Path

import pytest

from dco.providers.checkout import texts
from dco.review.terraform import RULES, review, state_buckets

CASES = Path(__file__).parents[1] / "cases" / "review"


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_case(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text())
    found = review({"infra": expected["backend"]}, texts(case / "files"), ".github/workflows")
    assert [(one.rule, one.where) for one in found] == [(rule, where) for rule, where, _ in expected["remarks"]]
    for one, (_, _, what) in zip(found, expected["remarks"], strict=True):
        assert what in one.what
        assert one.remedy
        assert "hunter22" not in repr(one)


def test_every_rule_has_a_case() -> None:
    shown = {
        rule for case in CASES.iterdir() for rule, _, _ in json.loads((case / "expected.json").read_text())["remarks"]
    }
    assert shown == set(RULES) - {"state-without-versions"}, "that one AWS alone can tell"


def test_state_buckets_are_those_of_every_backend_file() -> None:
    files = {
        "infra/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
        "infra/dev.tfbackend": 'bucket = "dev"\n',
        "infra/production.tfbackend": 'bucket = "production"\n',
    }
    assert state_buckets({"infra": ["dev.tfbackend", "production.tfbackend"]}, files) == ("dev", "production")
