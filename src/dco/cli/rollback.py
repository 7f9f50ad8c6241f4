"""`dco rollback`."""

import time
from pathlib import Path

import click

from dco import settings
from dco.cli import screen


@click.command()
@click.option("--to", metavar="NIGHT", help="The night whose release to go back to; the one before the present else.")
@click.option("--why", required=True, help="A sentence for the journal.")
@click.option("--json", "machine", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def command(directory: Path, to: str | None, why: str, machine: bool) -> None:
    """Go back to an earlier release, or, while a redeploy of databases bakes, to the servers that served before.

    Images and stacks of that release are deployed and verified as in a night; what was left is kept out of the nights
    to come. Refuses while a night or the offering runs. A freeze does not hold it up, the guard of data does. When
    anything fails, all is put as before. One that was interrupted goes on when this is called again.

    \b
    Example: dco rollback --why "orders are slow since last night"
    """
    from dco.wiring import nights, redeploys  # noqa: PLC0415  # the help must be fast
    from dco.wiring.bakes import open_bake  # noqa: PLC0415

    began = time.monotonic()
    with screen.Progress(machine=machine, durable=True) as progress:
        read = settings.read(directory)
        if to is None and open_bake(read) is not None:
            done = redeploys.bake(read, progress.say, progress.doing, back=why)
        else:
            done = nights.go_back(read, to, why, progress.say, progress.doing)
    if machine:
        screen.as_json(done)
    else:
        screen.report(done, time.monotonic() - began)
    screen.leave(done.outcome.exit_code)
