"""A database's second server comes, takes over and goes by what its slot says, and by nothing else."""

import json
from collections.abc import Generator
from typing import Any

import pytest
from tests.real.terraform_stack import Outcome, Stack, lay_out, moto_server, put_slot, terraform

ADDRESS = "127.8.6.1"
# Terraform can't target one key of a module whose own for_each hangs on what it reads.
TARGET = "-target=module.database"
FILES = ("-var-file=production.tfvars", "-var-file=../../sandbox.tfvars")
PROOF = {"comparison": "compare-1", "backup": "20261126T030000Z-abcdef"}


class Database:
    """One database of a stack, applied with the other alone: its slot, and what Terraform makes of it."""

    def __init__(self, stack: Stack, name: str) -> None:
        self.stack, self.name = stack, name
        self.address = f'module.database["{name}"]'
        self.old: str = json.loads(self.parameter("slot"))["image"]
        self.new: str = stack.client("ec2").register_image(Name=f"neo4j-of-tomorrow-for-{name}")["ImageId"]

    def say(self, colour: str, other: dict[str, Any] | None = None, image: str | None = None) -> None:
        slot = {"image": image or self.old, "version": "5.26.30", "colour": colour}
        put_slot(self.stack, f"{self.name}/slot", json.dumps(slot | ({"other": other} if other else {})))

    def follow(self, **more: str) -> dict[str, str]:
        return {"image": self.new, "version": "2026.08.1", "state": "following", **more}

    def retired(self, **proof: str) -> dict[str, str]:
        return {"image": self.old, "version": "5.26.30", "state": "retired", **proof}

    def changes(self, *more: str) -> dict[str, list[str]]:
        found = self.stack.changes(TARGET, *more)
        return {address.removeprefix(f"{self.address}."): actions for address, actions in found.items()}

    def refusal(self) -> str:
        planned: Outcome = self.stack.plan(TARGET)
        assert planned.code == 1, planned.text
        return " ".join(planned.text.replace("│", " ").split())

    def apply(self) -> None:
        self.changes()
        self.stack.must("apply", "-input=false", "-no-color", "../../changes.bin")

    def instances(self) -> dict[str, str]:
        found = self.stack.client("ec2").describe_instances(
            Filters=[
                {"Name": "tag:dco:database", "Values": [self.name]},
                {"Name": "instance-state-name", "Values": ["running"]},
            ]
        )
        all_of = [one for each in found["Reservations"] for one in each["Instances"]]
        return {tag["Value"]: one["ImageId"] for one in all_of for tag in one["Tags"] if tag["Key"] == "dco:colour"}

    def parameter(self, name: str) -> str:
        return self.stack.client("ssm").get_parameter(Name=f"/credcoin/production/{self.name}/{name}")["Parameter"][
            "Value"
        ]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    with moto_server(ADDRESS) as endpoint:
        made = lay_out(tmp_path_factory.mktemp("slots"), endpoint, terraform())
        made.init()
        made.must("apply", "-input=false", "-auto-approve", "-no-color", TARGET, *FILES)
        yield made


def join(database: Database) -> None:
    """Give a database its second server, and look at what that changes."""
    database.say("blue", database.follow())
    assert database.changes() == {
        'aws_ebs_volume.data["green"]': ["create"],
        'aws_instance.this["green"]': ["create"],
        "aws_ssm_parameter.addresses": ["update"],
        'aws_volume_attachment.data["green"]': ["create"],
    }
    database.apply()
    assert database.instances() == {"blue": database.old, "green": database.new}


def test_a_second_server_comes_and_is_not_forgotten(stack: Stack) -> None:
    search = Database(stack, "search")
    join(search)
    search.say("blue")
    assert "There is an instance of credcoin-production-search that its slot does not name" in search.refusal()
    search.say("blue", search.follow())


@pytest.mark.long
def test_the_second_server_serves_and_the_first_one_goes(stack: Stack) -> None:
    ledger = Database(stack, "ledger")
    first = ledger.parameter("uri")
    join(ledger)
    assert ledger.changes() == {}
    places = json.loads(ledger.parameter("addresses"))
    assert (places.keys(), json.loads(ledger.parameter("servers"))) == ({"blue", "green"}, {"source": places["blue"]})

    # What clients read are the gates, which go where the record says; without gates it is the server that serves.
    ledger.say("green", {**ledger.follow(), "image": ledger.old}, image=ledger.new)
    assert ledger.changes() == {}
    assert ledger.changes("-var=gates=0")["aws_ssm_parameter.uri"] == ["update"]
    assert (ledger.parameter("uri"), first in places.values()) == (first, False)

    ledger.say("green", ledger.retired(), image=ledger.new)
    assert "comparison and backup say what proved" in ledger.refusal()

    ledger.say("green", ledger.retired(**PROOF), image=ledger.new)
    assert ledger.changes() == {
        'aws_instance.this["blue"]': ["delete"],
        'aws_volume_attachment.data["blue"]': ["delete"],
        "aws_ssm_parameter.addresses": ["update"],
    }
    ledger.apply()
    assert json.loads(ledger.parameter("addresses")) == {"green": places["green"]}
    assert ledger.instances() == {"green": ledger.new}
    assert ledger.changes() == {}

    ledger.say("green", image=ledger.new)
    assert ledger.changes() == {'aws_ebs_volume.data["blue"]': ["delete"]}
    ledger.apply()

    ledger.say("blue", ledger.follow(), image=ledger.old)
    assert "its data are on green's volume: blue would be empty" in ledger.refusal()
    ledger.say("green", image=ledger.new)

    for what in ("aws_instance.this", "aws_ebs_volume.data"):
        target = f'-target={ledger.address}.{what}["green"]'
        refused = ledger.stack.run("destroy", "-auto-approve", "-no-color", target, *FILES)
        assert (refused.code, "prevent_destroy" in refused.text) == (1, True), refused.text
