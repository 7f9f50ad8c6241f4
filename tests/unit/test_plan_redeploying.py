"""What a night finds wanted for databases, and what an image's name tells."""

import msgspec
import pytest
from tests.flow.pair_desk import ENVIRONMENT, NEW

from dco.model.change import Action, Change, Status
from dco.plan.redeploying import asked_for, version_in


def change(**other: object) -> Change:
    wanted = Change(
        source="images", component="database:ledger", status=Status.CHANGED, action=Action.REDEPLOY, reason="newer",
        available=NEW,
    )  # fmt: skip
    return msgspec.structs.replace(wanted, **other)


def test_an_image_that_is_wanted_is_asked_for() -> None:
    both = (change(), change(component="database:search", available="ami-2"))
    assert asked_for(ENVIRONMENT, both) == {"ledger": NEW, "search": "ami-2"}


@pytest.mark.parametrize(
    "other",
    [
        {"action": Action.NONE},
        {"action": Action.APPROVE},
        {"source": "neo4j"},
        {"available": None},
        {"component": "database:stock"},
        {"component": "image:ledger"},
    ],
)
def test_nothing_else_is(other: dict[str, object]) -> None:
    assert asked_for(ENVIRONMENT, [change(**other)]) == {}


@pytest.mark.parametrize("lacks", ["plugin_secret", "servers_parameter", "addresses_parameter", "gate"])
def test_a_database_that_can_not_move_in_use_is_left_to_a_person(lacks: str) -> None:
    ledger = msgspec.structs.replace(ENVIRONMENT.databases["ledger"], **{lacks: None})
    environment = msgspec.structs.replace(ENVIRONMENT, databases={"ledger": ledger})
    assert asked_for(environment, [change()]) == {}


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("neo4j-community-5.26.30-2026.11.01", "5.26.30"),
        ("neo4j-community-2026.08.1-2026.11.01", "2026.08.1"),
        ("neo4j-community", None),
        ("my-neo4j", None),
        ("5.26.30", "5.26.30"),
        ("neo4j-5.26", None),
    ],
)
def test_the_version_is_the_first_that_an_images_name_tells(name: str, version: str | None) -> None:
    assert version_in(name) == version
