"""Well-kept checkers of Terraform, where one is on PATH: checkov and tflint, in their own words.

A checker that fails, hangs or prints something else is said to be silent: nothing is taken for approval.
"""

import posixpath
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from dco.model.errors import Unreadable
from dco.model.remark import Remark, Review

SECONDS = 300.0


def check(home: Path, directory: str, seconds: float = SECONDS) -> Review:
    """Let every checker that is there look at a root; say which are not there."""
    remarks: list[Remark] = []
    silent: list[str] = []
    for name, ask in _CHECKERS.items():
        program = shutil.which(name)
        try:
            said = ask(program, home, directory, seconds) if program else Review(not_looked_at=("it is not on PATH",))
        except Unreadable as error:
            said = Review(not_looked_at=(error.what,))
        remarks += said.remarks
        silent += [f"{directory} by {name}: {what}" for what in said.not_looked_at]
    return Review(remarks=tuple(remarks), not_looked_at=tuple(silent))


def _checkov(program: str, home: Path, directory: str, seconds: float) -> Review:
    asked = ["-d", directory, "--framework", "terraform", "-o", "json", "--quiet", "--compact", "--skip-download"]
    report = _table(_json([program, *asked, "--soft-fail"], home, seconds))
    summary = _table(report.get("summary", report))
    if "resource_count" not in summary:
        raise Unreadable("it printed something else than a report")
    if not summary["resource_count"] and not summary.get("parsing_errors"):
        raise Unreadable("it found nothing to look at")
    failed = cast("list[dict[str, Any]]", _table(report.get("results")).get("failed_checks") or [])
    broken = summary.get("parsing_errors")
    return Review(
        remarks=tuple(_of_checkov(directory, one) for one in failed),
        not_looked_at=(f"{broken} files that it could not read",) if broken else (),
    )


def _of_checkov(directory: str, one: Mapping[str, Any]) -> Remark:
    line = cast("list[int]", one.get("file_line_range") or [0])[0]
    path = str(one.get("file_path", "")).lstrip("/")
    return Remark(
        rule=str(one.get("check_id")),
        where=f"{posixpath.normpath(f'{directory}/{path}')}:{line}",
        what=f"{one.get('resource')}: {one.get('check_name')}",
        remedy=str(one.get("guideline") or f"checkov explains {one.get('check_id')}"),
        by="checkov",
    )


def _tflint(program: str, home: Path, directory: str, seconds: float) -> Review:
    said = _table(_json([program, f"--chdir={directory}", "--format=json", "--force"], home, seconds))
    if "issues" not in said:
        raise Unreadable("it printed something else than a report")
    errors = cast("list[dict[str, Any]]", said.get("errors") or [])
    return Review(
        remarks=tuple(_of_tflint(directory, one) for one in cast("list[dict[str, Any]]", said["issues"])),
        not_looked_at=tuple(str(one.get("summary") or one.get("message")) for one in errors),
    )


def _of_tflint(directory: str, one: Mapping[str, Any]) -> Remark:
    rule, place = _table(one.get("rule")), _table(one.get("range"))
    path = posixpath.normpath(f"{directory}/{place.get('filename')}")
    return Remark(
        rule=str(rule.get("name")),
        where=f"{path}:{_table(place.get('start')).get('line', 0)}",
        what=str(one.get("message")),
        remedy=str(rule.get("link") or f"tflint explains {rule.get('name')}"),
        by="tflint",
    )


_CHECKERS: dict[str, Callable[[str, Path, str, float], Review]] = {"checkov": _checkov, "tflint": _tflint}


def _json(command: list[str], home: Path, seconds: float) -> Any:
    try:
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Unreadable(f"it did not end within {seconds:g} s") from None
    except OSError as error:
        raise Unreadable(f"it does not start: {error.strerror}") from None
    try:
        return msgspec.json.decode(done.stdout)
    except msgspec.DecodeError:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Unreadable(
            f"it ended with {done.returncode} and printed no report: {' '.join(words[-1:])[:120]}"
        ) from None


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
