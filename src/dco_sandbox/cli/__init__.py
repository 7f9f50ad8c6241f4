"""The `dco-sandbox` command. A command's file is imported when it is called, so that `--help` is quick."""

import importlib
import json
import sys
from typing import Any, NoReturn

import click

from dco_sandbox.world import WorldError

COMMANDS = {
    "up": "Make a world in DIR, or resume it.",
    "down": "Stop everything that runs for a world.",
    "status": "Show what runs in a world.",
    "traffic": "Send traffic to a world's service and report.",
    "release": "Commit a change into a world's repository.",
    "break": "Make something go wrong in a world.",
}


class _Commands(click.Group):
    """Knows its commands by name and imports one only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"dco_sandbox.cli.{cmd_name}_command")
        return module.command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """A whole AWS on this machine: worlds in which `dco` can be tried, each in a directory of its own.

    Example: dco-sandbox up ./world
    """


def main() -> None:
    """Run the command; what went wrong and what to do next go to stderr, exit 1."""
    try:
        group()
    except WorldError as error:
        _give_up(error.what, error.remedy)
    except RuntimeError as error:
        # What the cache and the image builder raise: a sentence that already says what to do.
        _give_up(str(error), "dco-sandbox --help")


def _give_up(what: str, remedy: str) -> NoReturn:
    click.echo(f"Error: {what}\nTry: {remedy}", err=True)
    sys.exit(1)


def show_json(value: Any) -> None:
    """Print a value for a machine."""
    click.echo(json.dumps(value, indent=2, default=str))
