"""Source `stack` with a real git and a real Terraform: configuration, drift and data sources are told apart."""

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from dco.detect import stack
from dco.detect.selection import inputs
from dco.model.change import Action, Change, ChangeSet, Status
from dco.model.environment import Environment, Stack
from dco.model.look import Look
from dco.model.release import Release, StackRelease
from dco.model.stackplan import StackPlan
from dco.plan.build import build
from dco.plan.guard import inspect
from dco.providers.git import GitSource
from dco.providers.terraform.stacks import TerraformStacks

MAIN = """
terraform {
  backend "local" { path = "%(state)s" }
}
data "terraform_remote_state" "other" {
  backend = "local"
  config  = { path = "%(other)s" }
}
resource "terraform_data" "holder" {
  input            = data.terraform_remote_state.other.outputs.image
  triggers_replace = ["one"]
}
"""
OTHER = '{"version":4,"serial":1,"lineage":"x","outputs":{"image":{"value":"%s","type":"string"}},"resources":[]}'


class World:
    """A repository with one stack, released at its first commit."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.repository = directory / "repository"
        (self.repository / "infra").mkdir(parents=True)
        self.git("init", "-q")
        self.stack = Stack(directory="infra", holds_data=["terraform_data"])
        self.stacks = TerraformStacks(directory / "engine", directory, {})
        self.source = GitSource(self.repository)
        self.resolve("ami-1")
        self.main = MAIN % {"state": directory / "state", "other": directory / "other"}
        revision = self.commit(self.main)
        self.apply(revision)
        content = stack.meaning(self.stack, stack.select(self.stack, self.source, revision), self.source, revision)
        sources = self.plan(revision).data_sources
        released = StackRelease(content=content, inputs=inputs(self.stack), data_sources=sources)
        self.released = Release(environment="e", revision=revision, night="n", at="t", stacks={"main": released})

    def git(self, *arguments: str) -> str:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.repository, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def resolve(self, image: str) -> None:
        (self.directory / "other").write_text(OTHER % image)

    def commit(self, text: str) -> str:
        (self.repository / "infra/main.tf").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")
        return self.git("rev-parse", "HEAD")

    def plan(self, revision: str) -> StackPlan:
        return stack.plan(self.stack, self.stacks, self.source, revision, self.directory / "detect")

    def apply(self, revision: str) -> None:
        file, root = Path(self.plan(revision).file), self.directory / "detect/root"
        assert not file.exists(), "a look leaves no plan file behind: it holds secrets"
        self.stacks.plan(self.stack, root, file)
        self.stacks.apply(self.stack, root, file)

    def look(self) -> tuple[Change, ...]:
        revision = self.source.head()
        files = stack.read_files("main", self.stack, self.released, self.source, revision)
        return stack.compare("main", files, self.plan(revision), self.released.stacks["main"])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_released_commit_is_quiet_and_so_is_a_comment(world: World) -> None:
    assert [(c.status, c.action) for c in world.look()] == [(Status.UNCHANGED, Action.NONE)]
    world.commit("# a word\n" + world.main)
    assert [(c.status, c.action) for c in world.look()] == [(Status.UNCHANGED, Action.NONE)]


def test_a_change_of_configuration_names_what_terraform_would_do(world: World) -> None:
    world.commit(world.main + 'resource "terraform_data" "new" {}\n')
    (change,) = world.look()
    assert (change.component, change.status, change.action) == ("stack:main", Status.CHANGED, Action.REDEPLOY)
    assert change.evidence == ("infra/main.tf", "terraform_data.new: create")


def test_a_data_source_that_resolves_to_something_else_asks_a_person(world: World) -> None:
    world.resolve("ami-2")
    (change,) = world.look()
    assert (change.component, change.status, change.action) == ("stack:main", Status.CHANGED, Action.APPROVE)
    assert "data.terraform_remote_state.other resolves to something else" in change.reason


def test_what_was_released_but_is_not_applied_is_found(world: World) -> None:
    world.resolve("ami-1")
    (world.directory / "state").unlink()
    (change,) = world.look()
    assert (change.status, change.action) == (Status.CHANGED, Action.REDEPLOY)
    assert "not (or not wholly) applied" in change.reason
    plan = world.plan(world.source.head())
    assert plan.in_use == ()
    look = Look(changes=ChangeSet((change,)), plans={"main": plan})
    environment = msgspec.convert(
        {
            "name": "e",
            "aws": {"region": "r"},
            "state": {"bucket": "b"},
            "offering": {"kind": "command", "command": ["true"]},
            "stacks": {"main": {"directory": "infra", "holds_data": ["terraform_data"]}},
        },
        Environment,
    )
    (refusal,) = build(environment, world.released, look, world.source.head()).refusals
    assert "the state of stack main holds nothing, though it was released" in refusal


def test_real_replacements_destructions_and_forgettings_are_refused(world: World) -> None:
    replaced = world.plan(world.commit(world.main.replace('"one"', '"two"')))
    (refusal,) = inspect("main", world.stack, replaced).refusals
    assert "would replace terraform_data.holder" in refusal
    assert "triggers_replace" in refusal
    without = world.main.partition('resource "terraform_data"')[0]
    destroyed = world.plan(world.commit(without))
    assert "no configuration names it any more" in inspect("main", world.stack, destroyed).refusals[0]
    removed = "removed {\n  from = terraform_data.holder\n  lifecycle { destroy = false }\n}\n"
    forgotten = world.plan(world.commit(without + removed))
    assert "would forget terraform_data.holder" in inspect("main", world.stack, forgotten).refusals[0]


def test_the_chain_of_reasons_leads_to_the_data_source(world: World) -> None:
    by_source = world.main.replace('["one"]', "[data.terraform_remote_state.other.outputs.image]")
    world.apply(world.commit(by_source))
    before = world.plan(world.source.head()).data_sources
    world.resolve("ami-2")
    plan = world.plan(world.source.head())
    moved = frozenset(address for address, value in plan.data_sources.items() if before[address] != value)
    (refusal,) = inspect("main", world.stack, plan, moved=moved).refusals
    assert "(since data.terraform_remote_state.other resolves to something else now)" in refusal


def test_a_new_address_is_recognised_and_a_moved_block_makes_it_harmless(world: World) -> None:
    renamed = world.main.replace('"holder"', '"keeper"')
    twin = inspect("main", world.stack, world.plan(world.commit(renamed))).refusals[0]
    assert "moved { from = terraform_data.holder to = terraform_data.keeper }" in twin
    moved = "moved {\n  from = terraform_data.holder\n  to   = terraform_data.keeper\n}\n"
    plan = world.plan(world.commit(renamed + moved))
    assert plan.changed
    assert inspect("main", world.stack, plan).refusals == ()
