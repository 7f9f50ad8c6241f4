"""`dco review terraform` on a checkout that has never heard of dco, and on one that has."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dco.cli import group
from dco.model.errors import ConfigurationError

MAIN = 'terraform {\n  required_version = "~> 1.11"\n  backend "s3" {\n    bucket = "states"\n  }\n}\n'


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (tmp_path / "ops/infra").mkdir(parents=True)
    (tmp_path / "ops/infra/main.tf").write_text(MAIN)
    return tmp_path


def run(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(group, ["-C", str(directory), "review", "terraform", *arguments])


def test_roots_are_found_by_looking(checkout: Path) -> None:
    done = run(checkout)
    assert done.exit_code == 2
    assert "ops/infra/main.tf:1  state-without-lock" in done.output
    assert "not looked at: ops/infra by checkov" in done.output
    assert "versions of state bucket states: without dco.toml no account is known" in done.output
    assert done.output.endswith("1 remark\n")


def test_nothing_to_remark_ends_with_0(checkout: Path) -> None:
    (checkout / "ops/infra/main.tf").write_text(MAIN.replace("bucket =", "use_lockfile = true\n    bucket ="))
    done = run(checkout, "--offline")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "nothing to remark")


def test_for_machines(checkout: Path) -> None:
    said = json.loads(run(checkout, "--json").output)
    assert [remark["rule"] for remark in said["remarks"]] == ["state-without-lock"]
    assert len(said["not_looked_at"]) == 3


def test_the_stacks_of_dco_toml_are_what_is_looked_at(checkout: Path) -> None:
    (checkout / "dco.toml").write_text(
        'name = "x"\n[aws]\nregion = "eu-central-1"\n[state]\nbucket = "b"\n[offering]\nkind = "command"\n'
        'command = ["true"]\n[stacks.main]\ndirectory = "ops/infra"\nbackend_config = ["use_lockfile=true"]\n'
    )
    done = run(checkout, "--offline")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "nothing to remark")
    assert "versions of state bucket states: not asked (--offline)" in done.output


def test_a_checkout_without_terraform_says_so(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert isinstance(done.exception, ConfigurationError)
    assert "there is no Terraform root" in done.exception.what
