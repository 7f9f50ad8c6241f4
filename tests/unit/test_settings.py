"""dco.toml: read once, or explained; whatever stands in it, never a traceback."""

import tomllib
from importlib import resources
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco import settings
from dco.cli import reference
from dco.model.environment import CommandOffering, EcsTaskOffering
from dco.model.errors import ConfigurationError, DcoError

EXAMPLE = resources.files("dco").joinpath("example.toml").read_text(encoding="utf-8")


def read(directory: Path, text: str) -> settings.Settings:
    (directory / "dco.toml").write_text(text, encoding="utf-8")
    return settings.read(directory)


def trouble(directory: Path, text: str) -> DcoError:
    found = read(directory, text)
    assert found.environment is None
    assert found.trouble is not None
    with pytest.raises(ConfigurationError):
        found.needed()
    return found.trouble


def changed(old: str, new: str) -> str:
    assert EXAMPLE.count(old) == 1, old
    return EXAMPLE.replace(old, new)


def test_the_documented_example_is_a_configuration(tmp_path: Path) -> None:
    environment = read(tmp_path, EXAMPLE).needed()
    assert environment.name == "production"
    assert isinstance(environment.offering, EcsTaskOffering)


def test_every_key_of_the_schema_is_in_the_example() -> None:
    keys = {field.encode_name for section in reference.sections() for field in msgspec.structs.fields(section)}
    assert keys - reference.example_keys() == set()


@pytest.mark.parametrize(
    ("old", "new", "what", "remedy"),
    [
        ('mode = "observe"', 'mod = "observe"', "mod is no key", "did you mean mode?"),
        ("bake_seconds", "bake_second", "verify.bake_second is no key", "did you mean bake_seconds? for example: bake"),
        ("image_parameter", "image_paramter", "image_paramter is no key", "did you mean image_parameter?"),
        ("approvals = 1", "approvals = 1\nzebra = 2", "policy.zebra is no key", "known here: always_ask, approvals"),
        ('region = "eu-central-1"', "", "aws.region is missing", 'region = "eu-central-1"'),
        ("approvals = 1", 'approvals = "one"', "policy.approvals: expected `int`, got `str`", "approvals = 1"),
        ('automatic_below = "medium"', 'automatic_below = "mild"', "policy.automatic_below", "automatic_below"),
        ('cron = "0 3 * * *"', 'cron = "at three"', "schedule.cron: 'at three' is no schedule", "cron = "),
        ('begin = "02:00"', 'begin = "2 am"', "begin '2 am' is no time of a day", "windows = "),
        ("[databases.ledger]", "[databases.leger]", "there is no [databases.ledger] (there is: leger)", "[databases"),
        ("[sources.libraries]", "[sources.librarys]", "sources.librarys is no key", "did you mean libraries?"),
        (
            'owner = "aws-marketplace"\n',
            "",
            "images.ledger: name and owner belong together",
            "for example: ledger",
        ),
        ('"hashicorp/terraform"', '"hashicorp/vault"', "pins.engine: invalid enum value", 'engine = "hashicorp'),
        (
            'time_zone = "UTC"\non_unknown',
            'time_zone = "Mars"\non_unknown',
            "policy.time_zone: there is no time zone 'Mars'",
            "Berlin",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_the_nearest_key_and_an_example(
    tmp_path: Path, old: str, new: str, what: str, remedy: str
) -> None:
    found = trouble(tmp_path, changed(old, new))
    assert str(tmp_path / "dco.toml") in found.what
    assert what in found.what
    assert remedy in found.remedy
    assert found.exit_code == 2


@pytest.mark.parametrize(
    "broken",
    ["[verify]\nbake_secs = 1", "[policy]\napprovals = []", "[stacks.main]", "[surprise]", '[schedule]\ncron = "?"'],
)
def test_the_offering_is_read_whatever_another_section_says(tmp_path: Path, broken: str) -> None:
    text = 'name = "p"\n[aws]\nregion = "eu-central-1"\n[state]\nbucket = "b"\n'
    found = read(tmp_path, f'{text}[offering]\nkind = "command"\ncommand = ["true"]\n{broken}\n')
    assert found.trouble is not None
    assert isinstance(found.offering, CommandOffering)
    assert found.aws is not None


@pytest.mark.parametrize(
    ("image", "what"),
    [
        ('database = "ledger"', "say exactly one of parameter, name and id"),
        ('database = "ledger"\nid = "ami-1"\nparameter = "/a"', "say exactly one of parameter, name and id"),
        ('id = "ami-1"', "say exactly one of database and tags"),
        ('id = "ami-1"\ndatabase = "ledger"\ntags = { Name = "a" }', "say exactly one of database and tags"),
        ('id = "ami-1"\ndatabase = "ledger"\nowner = "amazon"', "name and owner belong together"),
        ('id = "ami-1"\ndatabase = "leger"', "there is no [databases.leger]"),
    ],
)
def test_an_image_says_whose_and_which_in_one_way(tmp_path: Path, image: str, what: str) -> None:
    assert what in trouble(tmp_path, f"{EXAMPLE}\n[images.other]\n{image}\n").what


def test_a_source_that_is_not_configured_is_not_asked(tmp_path: Path) -> None:
    text = 'name = "p"\n[aws]\nregion = "eu-central-1"\n[state]\nbucket = "b"\n'
    found = read(tmp_path, f'{text}[offering]\nkind = "command"\ncommand = ["true"]\n').needed()
    assert (found.images, found.libraries) == ({}, {})
    assert (found.neo4j, found.pins, found.aws_offerings, found.end_of_life) == (None, None, None, None)


def test_a_missing_offering_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, 'name = "p"\n[aws]\nregion = "eu-central-1"\n[state]\nbucket = "b"\n')
    assert found.offering is None
    assert found.trouble is not None
    assert "offering is missing" in found.trouble.what


def test_an_offering_of_an_unknown_kind_lists_the_kinds(tmp_path: Path) -> None:
    found = read(tmp_path, changed('kind = "ecs-task"', 'kind = "task"'))
    assert found.offering is None
    assert found.trouble is not None
    assert "task" in found.trouble.what


def test_no_file_a_directory_and_no_toml_are_errors_for_people(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no dco\.toml"):
        settings.read(tmp_path)
    (tmp_path / "dco.toml").mkdir()
    with pytest.raises(ConfigurationError, match="can't be read"):
        settings.read(tmp_path)
    (tmp_path / "dco.toml").rmdir()
    (tmp_path / "dco.toml").write_bytes(b"name = \xff")
    with pytest.raises(ConfigurationError, match="no TOML"):
        settings.read(tmp_path)
    (tmp_path / "dco.toml").write_text("name = " + "[" * 100_000)
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        settings.read(tmp_path)


@given(st.binary(max_size=200))
def test_garbage_is_a_configuration_error(tmp_path_factory: pytest.TempPathFactory, garbage: bytes) -> None:
    directory = tmp_path_factory.mktemp("garbage")
    (directory / "dco.toml").write_bytes(garbage)
    _reads_or_explains(directory)


LINES = EXAMPLE.splitlines()
ODD = st.sampled_from(["", "[", "[[stacks]]", "x = 1", "kind = 3", "= =", "[offering]", 'command = "no"', "a.b.c = {}"])


@given(st.lists(st.tuples(st.integers(0, len(LINES) - 1), ODD | st.text(max_size=20)), min_size=1, max_size=4))
def test_an_example_with_odd_lines_is_read_or_explained(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, str]]
) -> None:
    directory = tmp_path_factory.mktemp("odd")
    lines = list(LINES)
    for number, line in edits:
        lines[number] = line
    (directory / "dco.toml").write_text("\n".join(lines), encoding="utf-8", errors="replace")
    _reads_or_explains(directory)


def _reads_or_explains(directory: Path) -> None:
    try:
        found = settings.read(directory)
    except ConfigurationError:
        return
    assert (found.environment is None) == (found.trouble is not None)
    assert found.trouble is None or found.trouble.remedy


def test_example_lines_that_errors_quote_are_toml() -> None:
    for key in ("region", "bake_seconds", "windows", "cron", "variables"):
        assert key in tomllib.loads(settings.example(key))
