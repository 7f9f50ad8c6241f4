"""The commands: parse, call, show. One file a command; each is imported only when it is called."""

import importlib
import os
from pathlib import Path

import click

COMMANDS = {
    "abort": "End a night: a waiting one at once, a running one by taking back what it did.",
    "adopt": "Record what runs now as the first release.",
    "approve": "Approve the plan of a waiting night.",
    "backup": "Show, verify or ask for backups of databases.",
    "bake": "Watch what a redeploy of databases moved, until its bake is over.",
    "compare": "Prove that two servers hold the same, or name what differs.",
    "detect": "Look for changes and show them, without planning.",
    "doctor": "Check everything that a night needs.",
    "explain": "Tell why a night did what it did.",
    "freeze": "Let no update start until a time.",
    "history": "List the nights.",
    "init": "Write a dco.toml by asking and looking.",
    "journal": "Show or verify the journal.",
    "lifetimes": "Show until when what runs is supported, or renew that table.",
    "plan": "Show what a night would do; changes nothing.",
    "plugin": "Give databases the plugin by which they are copied and moved.",
    "redeploy": "Move databases to new servers while they are in use.",
    "reject": "Reject the plan of a waiting night.",
    "release": "Let something that was rolled back be tried again.",
    "review": "Review the configuration as it stands.",
    "restore": "Make a data directory as a database was at a moment.",
    "rollback": "Go back to an earlier release.",
    "run": "Run a night: the offering, and then what has changed.",
    "serve": "Run nights on schedule, as a service.",
    "show": "Show a night.",
    "status": "Show what serves, what runs and what waits.",
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
        return importlib.import_module(f"dco.cli.{cmd_name}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="Where dco.toml is.")
@click.version_option(package_name="dco")
@click.pass_context
def group(ctx: click.Context, directory: Path) -> None:
    """Redeploy a system in the quiet hour after its nightly job, and go back when anything fails.

    \b
    Exit codes: 0 quiet or deployed; 2 configuration or usage; 3 the offering failed or did not end, nothing
    deployed; 4 refused, rejected or expired; 5 rolled back, all as before; 6 a person is needed; 1 unforeseen.
    """
    ctx.obj = directory.resolve()


def main() -> None:
    """Run the command line; end the process with the command's exit code.

    It ends at once: a story's thread may wait for people for hours, and whoever comes next goes on with it.
    """
    from dco.cli.screen import fail, leave  # noqa: PLC0415  # the help must be fast
    from dco.model.errors import DcoError  # noqa: PLC0415

    try:
        group(prog_name="dco")
    except SystemExit as ended:
        leave(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
    except DcoError as error:
        leave(fail(error))
    except Exception as error:  # the process's edge: a person gets a sentence, whoever wants it the traceback
        if os.environ.get("DCO_TRACEBACK"):
            raise
        what = f"unforeseen: {type(error).__name__}: {error}"
        leave(fail(DcoError(what, "DCO_TRACEBACK=1 in the environment shows where; please report it")))
