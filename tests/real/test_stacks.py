"""The Terraform provider on a real Terraform with a local backend: plans, masks, and sentences for what goes wrong."""

import json
import os
import pwd
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from dco.model.environment import Stack
from dco.model.errors import ConfigurationError, Refused, StepFailed, Unreadable
from dco.providers.terraform.applying import is_ours
from dco.providers.terraform.saved import read_saved_state
from dco.providers.terraform.stacks import TerraformStacks
from dco.providers.terraform.words import Holder

MAIN = """
terraform {
  backend "local" { path = "%(state)s" }
}
variable "size" { default = "1" }
variable "password" {
  default   = "hunter2"
  sensitive = true
}
module "inner" { source = "../modules/inner" }
resource "terraform_data" "plain" { input = var.size }
resource "terraform_data" "secret" { input = { user = "ada", password = var.password } }
resource "terraform_data" "kept" {
  input            = "x"
  triggers_replace = [var.size]
}
"""
STACK = Stack(directory="infra")


class Place:
    """A stack in a directory of its own, with the provider that works on it."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"
        self.file = directory / "plans" / "main.tfplan"
        self.state = directory / "state.tfstate"
        (self.root / "modules/inner").mkdir(parents=True)
        (self.root / "modules/inner/main.tf").write_text('resource "terraform_data" "inside" { input = "i" }\n')
        (self.root / "infra").mkdir()
        self.write(MAIN % {"state": self.state})
        self.stacks = TerraformStacks(directory / "engine", directory, {})

    def write(self, text: str, name: str = "main.tf") -> None:
        (self.root / "infra" / name).write_text(text)

    def apply(self, stack: Stack = STACK) -> None:
        self.stacks.plan(stack, self.root, self.file)
        self.stacks.apply(stack, self.root, self.file)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_plan_is_applied_and_then_nothing_is_left_to_do(place: Place) -> None:
    first = place.stacks.plan(STACK, place.root, place.file)
    assert first.changed
    assert {change["address"] for change in first.resource_changes} == {
        "module.inner.terraform_data.inside",
        "terraform_data.kept",
        "terraform_data.plain",
        "terraform_data.secret",
    }
    assert place.file.stat().st_mode & 0o777 == 0o600
    assert first.serial == 0
    place.stacks.apply(STACK, place.root, place.file)
    again = place.stacks.plan(STACK, place.root, place.file)
    assert not again.changed
    assert again.resource_changes == ()
    assert again.serial == place.stacks.serial(STACK, place.root) > 0


def test_a_replacement_says_what_forces_it_and_variables_come_from_the_stack(place: Place) -> None:
    place.apply()
    stack = Stack(directory="infra", variables={"size": "2"})
    plan = place.stacks.plan(stack, place.root, place.file)
    changes = {change["address"]: change["change"] for change in plan.resource_changes}
    assert changes["terraform_data.plain"]["actions"] == ["update"]
    assert changes["terraform_data.kept"]["actions"] == ["delete", "create"]
    assert changes["terraform_data.kept"]["replace_paths"] == [["triggers_replace"]]
    assert plan.meaning == place.stacks.plan(stack, place.root, place.file).meaning
    assert (
        plan.meaning
        != place.stacks.plan(Stack(directory="infra", variables={"size": "3"}), place.root, place.file).meaning
    )


def test_no_sensitive_value_leaves_the_provider(place: Place) -> None:
    first = place.stacks.plan(STACK, place.root, place.file)
    assert "hunter2" not in repr(first)
    place.stacks.apply(STACK, place.root, place.file)
    place.write('size = "1"\npassword = "correct horse"\n', "production.tfvars")
    plan = place.stacks.plan(Stack(directory="infra", var_files=["production.tfvars"]), place.root, place.file)
    (change,) = plan.resource_changes
    assert "hunter2" not in repr(plan)
    assert "correct horse" not in repr(plan)
    assert change["change"]["after"]["input"] == {"user": "ada", "password": "(sensitive, changes)"}


def test_init_is_run_once_and_again_only_when_terraform_asks(place: Place) -> None:
    place.apply()
    data = next((place.root.parent / "engine").iterdir())
    before = (data / "initialised.json").stat().st_mtime_ns
    place.stacks.plan(STACK, place.root, place.file)
    assert (data / "initialised.json").stat().st_mtime_ns == before
    (place.root / "modules/other").mkdir()
    (place.root / "modules/other/main.tf").write_text('resource "terraform_data" "other" {}\n')
    place.write('module "other" { source = "../modules/other" }\n', "other.tf")
    plan = place.stacks.plan(STACK, place.root, place.file)
    assert [change["address"] for change in plan.resource_changes] == ["module.other.terraform_data.other"]
    assert (data / "initialised.json").stat().st_mtime_ns > before


def test_what_does_not_parse_names_file_and_line(place: Place) -> None:
    place.apply()
    place.write('\nresource "terraform_data" "broken" {\n  input = = 1\n}\n', "broken.tf")
    with pytest.raises(ConfigurationError, match=r"infra/broken\.tf:3: "):
        place.stacks.plan(STACK, place.root, place.file)
    place.write('resource "terraform_data" "broken" {\n  input = var.nowhere\n}\n', "broken.tf")
    with pytest.raises(ConfigurationError, match=r"infra/broken\.tf:2: .*undeclared"):
        place.stacks.plan(STACK, place.root, place.file)


def test_what_does_not_parse_is_named_before_the_first_init_too(place: Place) -> None:
    place.write('resource "terraform_data" "broken" {\n  input = = 1\n}\n', "broken.tf")
    with pytest.raises(ConfigurationError, match=r"infra/broken\.tf:2: "):
        place.stacks.plan(STACK, place.root, place.file)


def test_a_missing_provider_is_named(place: Place) -> None:
    mirror = place.root.parent / "empty mirror"
    mirror.mkdir()
    (place.root.parent / "terraform.rc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n'
    )
    place.write('resource "nosuch_thing" "x" {}\n', "other.tf")
    with pytest.raises(ConfigurationError, match="nosuch"):
        place.stacks.plan(Stack(directory="infra", cli_config="terraform.rc"), place.root, place.file)


def test_a_held_lock_names_its_holder_and_since_when(place: Place) -> None:
    hold = place.root / "infra/hold"
    hold.touch()
    waits = "while test -e hold; do sleep 0.1; done"
    place.write(
        f'resource "terraform_data" "slow" {{\n  provisioner "local-exec" {{ command = "{waits}" }}\n}}\n', "w.tf"
    )
    place.stacks.plan(STACK, place.root, place.file)
    holder = threading.Thread(target=place.stacks.apply, args=(STACK, place.root, place.file))
    holder.start()
    other = place.file.with_name("other.tfplan")
    someone = TerraformStacks(place.root.parent / "elsewhere", place.root.parent, {})
    try:
        lock = place.state.parent / ".state.tfstate.lock.info"
        while not (lock.exists() and lock.read_text()):
            time.sleep(0.05)
        who = json.loads(lock.read_text())["Who"]
        with pytest.raises(Unreadable, match=rf"locked by {who} since \d{{4}}-"):
            someone.plan(STACK, place.root, other, lock=True)
        with pytest.raises(Refused, match=f"nothing was applied: .* locked by {who}"):
            someone.apply(STACK, place.root, place.file)
        someone.plan(STACK, place.root, other)
    finally:
        hold.unlink()
        holder.join()


def test_a_terraform_of_ours_waits_for_the_one_before(place: Place) -> None:
    place.write('resource "terraform_data" "s" {\n  provisioner "local-exec" { command = "sleep 2" }\n}\n', "s.tf")
    place.stacks.plan(STACK, place.root, place.file)
    holder = threading.Thread(target=place.stacks.apply, args=(STACK, place.root, place.file))
    holder.start()
    time.sleep(0.3)
    assert not place.stacks.plan(STACK, place.root, place.file.with_name("other.tfplan"), lock=True).changed
    holder.join()


def test_a_lock_that_our_killed_terraform_left_is_taken_away_and_nobody_elses(place: Place) -> None:
    place.apply()
    applying = place.stacks._applying(STACK)
    applying.begin()
    user = pwd.getpwuid(os.getuid()).pw_name
    holder = Holder("a9b1a76e", f"{user}@{socket.gethostname()}", datetime.now(UTC).isoformat()[:19], "")
    assert is_ours(holder, applying.begun())
    assert not is_ours(msgspec.structs.replace(holder, who="ci@elsewhere"), applying.begun())
    assert not is_ours(msgspec.structs.replace(holder, created="2001-01-01 00:00:00"), applying.begun())
    assert not is_ours(holder, [])
    place.stacks.plan(STACK, place.root, place.file)
    assert applying.begun() == []


def test_a_stale_plan_is_refused(place: Place) -> None:
    stale = place.file.with_name("stale.tfplan")
    place.stacks.plan(STACK, place.root, stale)
    place.apply()
    with pytest.raises(Refused, match="stale"):
        place.stacks.apply(STACK, place.root, stale)


def test_an_apply_that_fails_says_terraforms_last_words(place: Place) -> None:
    place.write(
        'resource "terraform_data" "fails" {\n  provisioner "local-exec" { command = "echo no luck; exit 3" }\n}\n',
        "fails.tf",
    )
    place.stacks.plan(STACK, place.root, place.file)
    with pytest.raises(StepFailed, match="exit status 3"):
        place.stacks.apply(STACK, place.root, place.file)


def test_an_apply_beyond_its_time_is_interrupted_and_leaves_no_lock(place: Place) -> None:
    place.write(
        'resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "sleep 60" }\n}\n', "slow.tf"
    )
    place.stacks.plan(STACK, place.root, place.file)
    began = time.monotonic()
    with pytest.raises(StepFailed, match="interrupted after 2 s"):
        place.stacks.apply(Stack(directory="infra", time_limit_seconds=2), place.root, place.file)
    assert time.monotonic() - began < 30
    assert not (place.state.parent / ".state.tfstate.lock.info").exists()


def test_a_stack_or_a_variable_file_that_is_not_there_is_named(place: Place) -> None:
    with pytest.raises(ConfigurationError, match="no directory nowhere"):
        place.stacks.plan(Stack(directory="nowhere"), place.root, place.file)
    with pytest.raises(ConfigurationError, match=r"infra/nosuch\.tfvars"):
        place.stacks.plan(Stack(directory="infra", var_files=["nosuch.tfvars"]), place.root, place.file)


def test_a_saved_plan_that_cannot_be_read_is_left_to_terraform(place: Place) -> None:
    place.stacks.plan(STACK, place.root, place.file)
    assert read_saved_state(place.file) is not None
    place.file.write_bytes(b"sealed")
    assert read_saved_state(place.file) is None


def test_data_sources_have_one_fingerprint_whether_something_changes_or_not(place: Place) -> None:
    place.write(
        'data "terraform_remote_state" "self" {\n  backend = "local"\n  config  = { path = "other" }\n}\n', "d.tf"
    )
    (place.root / "infra/other").write_text('{"version":4,"serial":1,"lineage":"x","outputs":{},"resources":[]}')
    changing = place.stacks.plan(STACK, place.root, place.file)
    place.stacks.apply(STACK, place.root, place.file)
    quiet = place.stacks.plan(STACK, place.root, place.file)
    assert (changing.changed, quiet.changed) == (True, False)
    assert quiet.data_sources == changing.data_sources != {}


def test_values_of_inputs_reach_terraform_and_are_left_nowhere(place: Place) -> None:
    place.write('variable "token" {}\nresource "terraform_data" "t" { input = "${var.token}" }\n', "token.tf")
    directory = place.state.parent / "engine"
    stacks = TerraformStacks(directory, place.state.parent, {}, values=lambda _: {"token": "correct horse"})
    plan = stacks.plan(STACK, place.root, place.file)
    change = next(one for one in plan.resource_changes if one["address"] == "terraform_data.t")
    assert change["change"]["after"]["input"] == "(sensitive)", "also where the configuration does not mark it"
    assert "correct horse" not in repr(plan)
    assert list(directory.rglob("*.tfvars.json")) == []
    stacks.apply(STACK, place.root, place.file)
    assert '"correct horse"' in place.state.read_text()
    assert not stacks.plan(STACK, place.root, place.file).changed
