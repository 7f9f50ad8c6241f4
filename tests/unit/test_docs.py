"""Documents say what is: their links lead somewhere, and what they name is there."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from dco.cli import COMMANDS, group
from dco.model.environment import Policy
from dco.model.outcome import Outcome
from dco.record import changelog, freezes, journal, lock, nights, quarantine, releases
from dco.settings import read
from dco_sandbox import cli as sandbox
from dco_sandbox.release import KINDS

ROOT = Path(__file__).resolve().parents[2]
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "adr").glob("0*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text())


def blocks(path: Path, language: str) -> list[str]:
    return [text for kind, text in FENCE.findall(path.read_text()) if kind == language]


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def typed(path: Path) -> Iterator[list[str]]:
    """Yield the words of each command that a document has a reader type."""
    lines = [line.removeprefix("$ ") for line in "\n".join(blocks(path, "console")).splitlines()]
    spans: list[str] = re.findall(r"`([^`\n]+)`", prose(path))
    for text in [*lines, *spans]:
        words = [word for part in text.split(" && ") for word in ("&&", *shlex.split(part.replace("'", ""), True))]
        for begin in (at for at, word in enumerate(words) if word in {"dco", "dco-sandbox", "make"}):
            end = words.index("&&", begin) if "&&" in words[begin:] else len(words)
            if end > begin + 1:
                yield words[begin:end]


def options_of(command: click.Command) -> set[str]:
    return {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(prose(path)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{name_of(path)} links to {link}"
        assert not anchor or anchor in anchors(target), f"{name_of(path)} links to {link}: no such heading"


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_commands_and_their_options_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = {"dco": (set(COMMANDS), group), "dco-sandbox": (set(sandbox.COMMANDS), sandbox.group)}
    for program, name, *words in typed(path):
        if program == "make":
            assert name in targets, f"{name_of(path)}: make {name}"
            continue
        commands, parent = known[program]
        if name.startswith("-"):
            continue
        assert name in commands, f"{name_of(path)}: {program} {name}"
        command = parent.get_command(click.Context(parent), name)
        assert command is not None
        if isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words[0]]
        if command.context_settings.get("ignore_unknown_options"):
            continue
        for option in (word for word in words if word.startswith("--")):
            assert option in options_of(command), f"{name_of(path)}: {program} {name} {option}"


def test_every_command_is_told_of_outside_of_its_reference() -> None:
    written = [path for path in DOCS if path.name != "cli.md"]
    told = {(program, name) for path in written for program, name, *_ in typed(path)}
    assert told >= {("dco", name) for name in COMMANDS}
    assert told >= {("dco-sandbox", name) for name in sandbox.COMMANDS}
    assert set(KINDS) <= set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/sandbox.md").read_text(), re.MULTILINE))


def test_the_dco_toml_to_copy_is_one(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "README.md", "toml")
    (tmp_path / "dco.toml").write_text(text)
    settings = read(tmp_path)
    assert settings.trouble is None
    assert settings.needed().mode == "observe"


def test_the_policy_of_the_quickstart_is_one() -> None:
    (text,) = blocks(ROOT / "docs/quickstart.md", "toml")
    assert msgspec.convert(tomllib.loads(text)["policy"], Policy).approvers


def test_exit_codes_are_those_of_the_outcomes() -> None:
    design = re.findall(r"^\| `([a-z-]+)` \| (\d) \|", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    assert {outcome: int(code) for outcome, code in design} == {one.value: one.exit_code for one in Outcome}
    quickstart = re.findall(r"^\| (\d) \| ([a-z, -]+) \|", (ROOT / "docs/quickstart.md").read_text(), re.MULTILINE)
    told = {outcome: int(code) for code, outcomes in quickstart for outcome in outcomes.split(", ")}
    assert told == {one.value: one.exit_code for one in Outcome}
    diagram = re.findall(r"^  (\w+) --> \[\*\]: (\d)$", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    names = {one.value.replace("-", ""): one.exit_code for one in Outcome if one is not Outcome.BROKEN}
    assert {name.lower(): int(code) for name, code in diagram} == names


def test_keys_of_records_are_those_of_the_code() -> None:
    keys = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    places = (journal.PREFIX, journal.ANCHORS, freezes.PREFIX, quarantine.PREFIX, "ballots/", "nights/", "releases/")
    for place in places:
        assert any(key.startswith(place) for key in keys), place
    assert {releases.CURRENT, lock.KEY, nights.WAITS, changelog.KEY, journal.key_of(42)} <= set(keys)


def test_tests_that_are_named_are_there() -> None:
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    for path in DOCS:
        assert set(re.findall(r"`(test_\w+)`", path.read_text())) <= there, name_of(path)


@pytest.mark.parametrize("path", DECISIONS, ids=name_of)
def test_a_decision_has_its_parts_and_is_listed(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Status", "Context", "Decision", "Consequences"]
    assert text.startswith(f"# {path.name[:4]} ")
    assert len(text.split()) < 500, "one page"
    assert f"({path.name})" in (path.parent / "README.md").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "changelog.d").glob("*.md")), ids=name_of)
def test_a_fragment_is_one_short_paragraph_of_a_kind(path: Path) -> None:
    if path.name == "README.md":
        return
    assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md", path.name)
    assert "\n\n" not in path.read_text().strip()
    assert len(path.read_text().split()) < 100, "short"
