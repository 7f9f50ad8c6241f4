"""`dco run`."""

import time
from pathlib import Path

import click

from dco import settings
from dco.cli import screen


@click.command()
@click.option("--skip-offering", is_flag=True, help="Only look and update: the offering has ended well before.")
@click.option("--json", "machine", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def command(directory: Path, skip_offering: bool, machine: bool) -> None:
    """Run a night: the offering, and then what has changed.

    Where another machine image is wanted for databases in use, their redeploy follows, with a report of its own. What
    was interrupted goes on where it stopped.

    \b
    Examples: dco run
              dco run --skip-offering
    """
    from dco.wiring import nights  # noqa: PLC0415  # the help must be fast

    began = time.monotonic()
    with screen.Progress(machine=machine, durable=True) as progress:
        read = settings.read(directory)
        done = nights.run(read, progress.say, progress.doing, skip_offering=skip_offering)
    if machine:
        screen.as_json(done)
    else:
        screen.report(done, time.monotonic() - began)
    screen.leave(done.exit_code)
