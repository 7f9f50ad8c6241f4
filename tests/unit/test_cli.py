"""The command line: every command documented, quick to help, errors for people."""

import inspect
import subprocess
import sys
from pathlib import Path

import click
import pytest

from dco.cli import COMMANDS, group, reference

CONTEXT = click.Context(group, info_name="dco")


def command(name: str) -> click.Command:
    found = group.get_command(CONTEXT, name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_an_example_and_words_for_each_option(name: str) -> None:
    one = command(name)
    assert one.help is not None
    assert "\b\nExample" in inspect.cleandoc(one.help), "an example, in a paragraph that is not wrapped"
    assert f"dco {name}" in one.help
    for option in one.params:
        assert not isinstance(option, click.Option) or option.help, f"{name}: {option.name}"


def test_the_generated_documents_are_up_to_date() -> None:
    assert (reference.DOCS / "cli.md").read_text() == reference.cli()
    assert (reference.DOCS / "configuration.md").read_text() == reference.configuration()


def test_check_shows_what_is_out_of_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    monkeypatch.setattr(reference, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(sys, "argv", ["reference"])
    reference.main()
    monkeypatch.setattr(sys, "argv", ["reference", "--check"])
    reference.main()
    (tmp_path / "docs/cli.md").write_text("# Commands\n")
    with pytest.raises(SystemExit) as ended:
        reference.main()
    assert ended.value.code == 1
    assert isinstance(capsys, pytest.CaptureFixture)
    assert "+## dco adopt" in capsys.readouterr().out


def test_help_imports_nothing_that_is_slow() -> None:
    script = """
import sys
from dco.cli import group
try: group(["--help"], prog_name="dco")
except SystemExit: pass
print(sorted({m.partition(".")[0] for m in sys.modules} & {"boto3", "botocore", "dbos", "neo4j", "rich", "httpx"}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for name in COMMANDS:
        assert f"  {name} " in done.stdout


def test_an_unforeseen_error_is_a_sentence_and_not_a_traceback() -> None:
    script = """
import dco.cli
def stumble(*_, **__): raise ValueError("odd")
dco.cli.group.main = stumble
dco.cli.main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: unforeseen: ValueError: odd\nTry:")
