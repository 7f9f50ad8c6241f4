"""The sample's files keep the promises that a reader would copy them for."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "credcoin"
PINNED = re.compile(r"^([a-z0-9_.-]+==[^ ]+)", re.MULTILINE)


def workflows() -> dict[str, dict[str, Any]]:
    return {path.name: yaml.safe_load(path.read_text()) for path in (SAMPLE / ".github" / "workflows").glob("*.yml")}


def steps() -> list[dict[str, Any]]:
    return [step for flow in workflows().values() for job in flow["jobs"].values() for step in job["steps"]]


def test_one_set_of_wheels_serves_the_sample_and_the_repository() -> None:
    ours = set(PINNED.findall((SAMPLE / "requirements.lock").read_text()))
    theirs = set(PINNED.findall((ROOT / "setup" / "requirements.lock").read_text()))
    assert len(ours) > 10
    assert ours - theirs == set()


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = (SAMPLE / "requirements.lock").read_text()
    assert lock.count("--hash=sha256:") >= len(PINNED.findall(lock))
    assert "://" not in lock
    assert "index-url" not in lock.replace("--no-emit-index-url", "")


def test_actions_are_pinned_and_no_workflow_holds_a_key() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name)] == []
    for path in (SAMPLE / ".github" / "workflows").glob("*.yml"):
        assert "secrets." not in path.read_text()


def test_a_workflow_may_only_read_unless_a_job_says_more() -> None:
    assert {name: flow["permissions"] for name, flow in workflows().items()} == {
        "deploy.yml": {"contents": "read"},
        "test.yml": {"contents": "read"},
    }


def test_no_input_is_pasted_into_a_script() -> None:
    # An expression inside `run` is text that a shell then reads; what people type goes through the environment.
    scripts = [step["run"] for step in steps() if "run" in step]
    assert [script for script in scripts if "inputs." in script or "outputs." in script] == []
