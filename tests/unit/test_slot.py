"""A slot goes only where Terraform and people can follow it."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco.model import slot
from dco.model.errors import ConfigurationError
from dco.model.slot import Slot

ALONE = Slot(image="ami-1", version="5.26.30", colour="blue")


def test_a_database_alone_is_written_as_ever() -> None:
    assert json.loads(ALONE.text()) == {"image": "ami-1", "version": "5.26.30", "colour": "blue"}


def test_a_second_server_comes_takes_over_and_the_first_one_goes() -> None:
    joined = ALONE.joined("ami-2", "2026.08.1")
    swapped = joined.swapped()
    assert (swapped.colour, swapped.image) == ("green", "ami-2")
    assert swapped.swapped() == joined
    retired = swapped.retired("compare-1", "base-1")
    assert json.loads(retired.text())["other"] == {
        "image": "ami-1", "version": "5.26.30", "state": "retired", "comparison": "compare-1", "backup": "base-1",
    }  # fmt: skip
    assert retired.alone() == Slot(image="ami-2", version="2026.08.1", colour="green")


def test_what_would_lose_data_is_refused() -> None:
    joined = ALONE.joined("ami-2", "2026.08.1")
    with pytest.raises(ConfigurationError):
        ALONE.swapped()
    with pytest.raises(ConfigurationError):
        joined.alone()
    with pytest.raises(ConfigurationError):
        joined.retired("", "base-1")
    with pytest.raises(ConfigurationError):
        joined.retired("compare-1", "base-1").swapped()


@pytest.mark.parametrize("text", ["", "{}", '{"image": "a", "version": "1", "colour": "red"}', "ami-1"])
def test_what_is_no_slot_is_said(text: str) -> None:
    with pytest.raises(ConfigurationError, match="/ledger/slot can't be read"):
        slot.read(text, "/ledger/slot")


@given(st.text(min_size=1), st.text(min_size=1), st.none() | st.text(min_size=1))
def test_what_is_written_is_read(image: str, version: str, snapshot: str | None) -> None:
    made = ALONE.joined(image, version, snapshot)
    assert slot.read(made.text(), "slot") == made
    assert msgspec.json.decode(made.text(), type=dict)["other"]["state"] == "following"
