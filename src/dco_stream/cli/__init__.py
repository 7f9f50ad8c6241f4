"""The commands: parse, call, show. One file a command; each is imported only when it is called."""

import importlib
import os
import sys
from pathlib import Path

import click
import msgspec

COMMANDS = {
    "base": "Ask the stream for a new copy.",
    "compare": "Prove that two servers hold the same, or name what differs.",
    "dump": "Keep a dump of a server that stands still.",
    "examine": "Look whether a database may be kept, and how its stream stands.",
    "fingerprint": "Sum up a server that rests, to compare restores with.",
    "list": "Show every copy, and which times can be restored.",
    "load": "Load a dump into a data directory, and check it.",
    "prove": "Prove that a follower holds what a restore holds.",
    "restore": "Make a data directory as all was at a moment, and prove it.",
    "run": "Keep, carry and copy, as a service.",
    "seed": "Copy a running server into the data directory of another.",
    "status": "Show how each database's stream stands.",
    "verify": "Read everything that is kept and compare it with what was written.",
}


class _Lazy(click.Group):
    """Lists all commands by their summaries and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"dco_stream.cli.{cmd_name}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-c", "--config", type=click.Path(path_type=Path), default=Path("stream.toml"), help="The stream's TOML file."
)
@click.pass_context
def group(ctx: click.Context, config: Path) -> None:
    """Back up, follow, restore and compare Neo4j databases that are in use.

    \b
    Exit codes: 0 done; 2 configuration or usage; 4 refused, nothing was changed; 6 what is kept is damaged,
    or what was compared differs; 1 somebody does not answer.
    """
    ctx.obj = config


def main() -> None:
    """Run the command line; end the process with the command's exit code."""
    from dco_stream.errors import StreamError  # noqa: PLC0415  # the help must be fast

    try:
        group(prog_name="dco-stream")
    except StreamError as error:
        sys.exit(fail(error.what, error.remedy, error.exit_code))
    except Exception as error:  # the process's edge: a person gets a sentence, whoever wants it the traceback
        if os.environ.get("DCO_TRACEBACK"):
            raise
        what = f"unforeseen: {type(error).__name__}: {error}"
        sys.exit(fail(what, "DCO_TRACEBACK=1 in the environment shows where; please report it", 1))


def as_json(value: object) -> None:
    """Show a value to machines."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def fail(what: str, remedy: str, code: int) -> int:
    """Show an error and what to do about it; give back its exit code."""
    click.echo(f"Error: {what}", err=True)
    if remedy:
        click.echo(f"Try:   {remedy}", err=True)
    return code
