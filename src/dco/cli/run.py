"""`dco run`."""

import sys
import time
from pathlib import Path

import click

from dco import settings
from dco.cli import screen


@click.command()
@click.option("--json", "machine", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def command(directory: Path, machine: bool) -> None:
    """Run a night: the offering, and then what has changed.

    A night that was interrupted goes on where it stopped.

    \b
    Example: dco run
    """
    from dco import wiring  # noqa: PLC0415  # the help must be fast

    began = time.monotonic()
    with screen.Progress(machine=machine) as progress:
        done = wiring.run(settings.read(directory), progress.say, progress.doing)
    if machine:
        screen.as_json(done)
    else:
        screen.report(done, time.monotonic() - began)
    sys.exit(done.outcome.exit_code)
