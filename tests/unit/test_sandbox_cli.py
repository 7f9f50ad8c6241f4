"""The command line: every command has help with an example, and errors say what to do."""

import importlib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from dco_sandbox.cli import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    command = importlib.import_module(f"dco_sandbox.cli.{name}_command").command
    shown = CliRunner().invoke(command, ["--help"])
    assert shown.exit_code == 0
    assert f"Example: dco-sandbox {name} ./world" in shown.output


def test_help_imports_neither_boto3_nor_moto() -> None:
    script = "import sys; sys.argv = ['dco-sandbox', '--help']; from dco_sandbox.cli import group\n"
    script += "try: group()\nfinally: print(sorted({'boto3', 'moto', 'botocore'} & set(sys.modules)))"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    assert time.monotonic() - began < 5


def test_an_error_says_what_and_what_next(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dco_sandbox", "status", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Error: {tmp_path} is not a world: it has no world.json\nTry: dco-sandbox up {tmp_path}\n"


@pytest.mark.parametrize("arguments", [["throttle", "UpdateService"], ["task"], ["slow", "soon"], ["everything"]])
def test_break_refuses_what_it_does_not_understand(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "world.json").write_text(
        '{"number": 249, "endpoint": "", "region": "eu-central-1", "account": "123456789012", "minute_seconds": 5}'
    )
    command = importlib.import_module("dco_sandbox.cli.break_command").command
    assert CliRunner().invoke(command, [str(tmp_path), *arguments]).exit_code == 2
