"""`dco detect` as it is typed: the evidence of one component, and what it says to what there is not."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.real.test_offline import FILES, Repository

from dco.cli import group
from dco.flow import rehearsing
from dco.model.errors import ConfigurationError
from dco.model.release import Release
from dco.providers.memory import MemoryObjects
from dco.record import releases


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "it")
    made.commit(dict(FILES))
    made.commit({"app/main.py": "print(2)\n"})
    return made


def detect(repository: Repository, *words: str) -> Result:
    command = ["-C", str(repository.place), "detect", "--offline", "--from", "HEAD~1", *words]
    return CliRunner().invoke(group, command)


def test_the_evidence_of_one_component_is_shown_and_nothing_else(repository: Repository) -> None:
    said = detect(repository, "--explain", "application:app").output
    assert said.startswith("application:app is changed: ")
    assert re.search(r"^ {2}source +application$", said, re.MULTILINE), said
    assert re.search(r"^ {2}evidence +.*app/main\.py", said, re.MULTILINE), said
    assert re.search(r"^ {2}then +\S", said, re.MULTILINE), said


def test_the_evidence_is_also_for_machines(repository: Repository) -> None:
    (found,) = json.loads(detect(repository, "--explain", "application:app", "--json").output)
    assert (found["component"], found["status"], found["action"]) == ("application:app", "changed", "redeploy")
    assert any("app/main.py" in line for line in found["evidence"])


def test_a_component_that_is_not_there_is_an_error_that_names_those_that_are(repository: Repository) -> None:
    refused = detect(repository, "--explain", "application:api")
    assert isinstance(refused.exception, ConfigurationError)
    assert "application:api" in refused.exception.what
    assert "application:app" in f"{refused.exception.what} {refused.exception.remedy}"


def test_since_names_a_night_and_not_a_commit_of_a_checkout(repository: Repository) -> None:
    refused = detect(repository, "--since", "20261123-030000")
    assert isinstance(refused.exception, ConfigurationError)
    assert "--offline" in refused.exception.remedy


def recorded(*nights: str) -> MemoryObjects:
    objects = MemoryObjects()
    for night in nights:
        releases.write(objects, Release(environment="desk", revision=f"r-{night}", night=night, at=""))
    return objects


@pytest.mark.parametrize(
    ("night", "revision"),
    [
        ("20261121-030000", "r-20261121-030000"),
        ("20261122-030000", "r-20261121-030000"),
        ("20261124", "r-20261123-030000"),
    ],
)
def test_since_a_night_is_since_what_was_released_when_it_had_ended(night: str, revision: str) -> None:
    assert rehearsing.released_after(recorded("20261121-030000", "20261123-030000"), night).revision == revision


def test_before_the_first_release_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(ConfigurationError, match="nothing had been released when night 20261120-030000 ended"):
        rehearsing.released_after(recorded("20261121-030000"), "20261120-030000")
