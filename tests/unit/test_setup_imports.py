"""The import contracts catch what they are for: each is shown one violation in a small tree with the same names."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).resolve().parents[2] / "importlinter.ini"
MODULES = [
    "cli",
    "wiring",
    "settings",
    "providers",
    "providers.aws",
    "providers.git",
    "providers.graph",
    "providers.registries",
    "providers.terraform",
    "flow",
    "flow.engine",
    "operations",
    "detect",
    "plan",
    "approve",
    "verify",
    "record",
    "seams",
    "model",
]
PLANTED = {
    "Data flows one way": ("dco.detect", "dco.plan"),
    "Plan, approve and model touch no outside world": ("dco.approve", "socket"),
    "Only the engine knows DBOS": ("dco.flow", "dbos"),
    "Vendor libraries stay behind the seams": ("dco.verify", "boto3"),
    "Only wiring knows the providers": ("dco.cli", "dco.providers.git"),
    "Providers of different vendors do not know one another": ("dco.providers.git", "dco.providers.aws"),
    "CLI and web stay thin": ("dco.cli", "dco.detect"),
    "The product never knows the sandbox": ("dco.record", "dco_sandbox"),
    "The sandbox uses the product only from outside": ("dco_sandbox", "dco.model"),
    "The stream and the gate stand alone": ("dco_gate", "dco.model"),
    "The plugin's calls know nobody": ("dco_plugin", "dco_stream"),
    "No cycles anywhere": ("dco.model", "dco.seams"),
}


def module(source: Path, name: str) -> Path:
    return source.joinpath(*name.split("."), "__init__.py")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in ["dco", "dco_gate", "dco_plugin", "dco_sandbox", "dco_stream", *(f"dco.{name}" for name in MODULES)]:
        file = module(tmp_path, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    module(tmp_path, "dco.seams").write_text("import dco.model\n")
    module(tmp_path, "dco.flow.engine").write_text("import dbos\n")
    module(tmp_path, "dco.providers.aws").write_text("import boto3\n")
    return tmp_path


def verdicts(source: Path) -> dict[str, str]:
    told = subprocess.run(
        [shutil.which("lint-imports", path=Path(sys.executable).parent) or "", "--config", CONTRACTS, "--no-cache"],
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200", "NO_COLOR": "1"},
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return dict(re.findall(r"^(.+) (KEPT|BROKEN)", told, re.MULTILINE))


def test_a_tree_that_follows_the_layout_keeps_every_contract(source: Path) -> None:
    assert verdicts(source) == dict.fromkeys(PLANTED, "KEPT")


def test_each_contract_catches_a_planted_violation(source: Path) -> None:
    for where, what in PLANTED.values():
        with module(source, where).open("a") as file:
            file.write(f"import {what}\n")
    assert verdicts(source) == dict.fromkeys(PLANTED, "BROKEN")
