"""Checkers on PATH speak in their own words; one that fails, hangs or says something else is silent, never content."""

import json
from pathlib import Path

import pytest

from dco.model.remark import Review
from dco.providers.checkers import check

CHECKOV = {
    "check_type": "terraform",
    "results": {
        "failed_checks": [
            {
                "check_id": "CKV_AWS_18",
                "check_name": "Ensure the S3 bucket has access logging enabled",
                "file_path": "/main.tf",
                "file_line_range": [3, 9],
                "resource": "aws_s3_bucket.b",
                "guideline": None,
            }
        ]
    },
    "summary": {"passed": 3, "failed": 1, "parsing_errors": 0, "resource_count": 2},
}
TFLINT = {
    "issues": [
        {
            "rule": {
                "name": "terraform_unused_declarations",
                "severity": "warning",
                "link": "https://example.org/rule",
            },
            "message": 'variable "x" is declared but not used',
            "range": {"filename": "variables.tf", "start": {"line": 7, "column": 1}},
        }
    ],
    "errors": [],
}


class Programs:
    """A PATH with programs that print what a test wants."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")

    def put(self, name: str, says: object, ends: str = "exit 0") -> None:
        said = self.place / f"{name}.said"
        said.write_text(says if isinstance(says, str) else json.dumps(says))
        program = self.place / name
        program.write_text(f'#!/bin/sh\necho "$@" >>{self.place}/asked\ncat {said}\n{ends}\n')
        program.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path, monkeypatch)


def ask(programs: Programs, seconds: float = 20) -> Review:
    return check(programs.place, "infra", seconds)


def test_both_speak_in_their_own_words(programs: Programs) -> None:
    programs.put("checkov", CHECKOV)
    programs.put("tflint", TFLINT, "exit 2")
    said = ask(programs)
    assert said.not_looked_at == ()
    assert [(one.by, one.rule, one.where) for one in said.remarks] == [
        ("checkov", "CKV_AWS_18", "infra/main.tf:3"),
        ("tflint", "terraform_unused_declarations", "infra/variables.tf:7"),
    ]
    assert said.remarks[0].what == "aws_s3_bucket.b: Ensure the S3 bucket has access logging enabled"
    assert "--skip-download" in (programs.place / "asked").read_text(), "nothing is fetched, nothing is sent"


def test_what_is_not_there_is_said(programs: Programs) -> None:
    assert ask(programs) == Review(
        not_looked_at=("infra by checkov: it is not on PATH", "infra by tflint: it is not on PATH")
    )


@pytest.mark.parametrize(
    ("says", "ends", "why"),
    [
        ("", "echo no such option >&2; exit 2", "it ended with 2 and printed no report: no such option"),
        ("hello", "exit 0", "it ended with 0 and printed no report: hello"),
        ({"passed": 0, "failed": 0, "parsing_errors": 0, "resource_count": 0}, "exit 0", "it found nothing to look at"),
        ({"ok": True}, "exit 0", "it printed something else than a report"),
        (CHECKOV, "exec sleep 30", "it did not end within 1 s"),
        (CHECKOV | {"summary": {"resource_count": 0, "parsing_errors": 2}}, "exit 0", "2 files that it could not read"),
    ],
)
def test_a_checker_that_fails_is_silent_and_never_content(
    programs: Programs, says: object, ends: str, why: str
) -> None:
    programs.put("checkov", says, ends)
    programs.put("tflint", TFLINT)
    said = ask(programs, 1)
    assert said.not_looked_at == (f"infra by checkov: {why}",)
    assert said.remarks


def test_what_tflint_could_not_read_is_said(programs: Programs) -> None:
    programs.put("tflint", TFLINT | {"errors": [{"summary": "Failed to load configurations"}]})
    assert "infra by tflint: Failed to load configurations" in ask(programs).not_looked_at
