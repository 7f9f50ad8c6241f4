"""Every kind of release is a commit that fits the sample as it is."""

import ast
from pathlib import Path

import pytest

from dco_sandbox.release import KINDS, commit_release
from dco_sandbox.repository import git, make_repository
from dco_sandbox.world import World, WorldError

CHANGED = {
    "good": {"app/__init__.py"},
    "stack": {"infra/production.tfvars"},
    "docs": {"NOTES.md"},
    "exits-at-once": {"app/__init__.py", "app/__main__.py"},
    "never-healthy": {"app/__init__.py", "app/api.py"},
    "dies-later": {"app/__init__.py", "app/__main__.py"},
    "slow-start": {"app/__init__.py", "app/__main__.py"},
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, 249)
    make_repository(made)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_release_changes_what_it_says(world: World, kind: str) -> None:
    commit = commit_release(world, kind)
    assert git(world.repo, "rev-parse", "HEAD").strip() == commit
    assert set(git(world.repo, "diff", "--name-only", "HEAD~1").split()) == CHANGED[kind]
    assert git(world.repo, "status", "--porcelain") == ""
    for path in world.repo.glob("app/*.py"):
        ast.parse(path.read_text())


def test_good_releases_count_up(world: World) -> None:
    commit_release(world, "good")
    commit_release(world, "good")
    assert 'VERSION = "1.0.2"' in (world.repo / "app" / "__init__.py").read_text()


def test_the_stack_changes_each_time(world: World) -> None:
    commit_release(world, "stack")
    assert "log_retention_days = 60" in (world.repo / "infra" / "production.tfvars").read_text()
    commit_release(world, "stack")
    assert "log_retention_days = 90" in (world.repo / "infra" / "production.tfvars").read_text()


def test_a_second_bad_release_of_a_kind_says_what_to_do(world: World) -> None:
    commit_release(world, "never-healthy")
    with pytest.raises(WorldError) as raised:
        commit_release(world, "never-healthy")
    assert "git revert" in raised.value.remedy


def test_the_repository_is_made_once_and_is_whole(world: World) -> None:
    commit_release(world, "docs")
    make_repository(world)
    assert (world.repo / "NOTES.md").exists()
    assert (world.repo / "terraform" / "database" / "boot.sh").exists()
    assert 'vpc_cidr      = "127.249.0.0/16"' in (world.repo / "infra" / "sandbox.tfvars").read_text()
    assert "${" not in (world.repo / "dco.toml").read_text()
