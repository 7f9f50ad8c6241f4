"""`dco bake`."""

import time
from pathlib import Path

import click

from dco import settings
from dco.cli import screen


@click.command()
@click.option("--end", "over", is_flag=True, help="It is over now: compare, and end what served before.")
@click.option("--clear", metavar="NAME", multiple=True, help="Let the volume of this database's retired server go.")
@click.option("--json", "machine", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def command(directory: Path, over: bool, clear: tuple[str, ...], machine: bool) -> None:
    """Watch what a redeploy of databases moved, until its bake is over.

    When something is bad for long enough, clients go back, and nothing is lost. At the end both servers are compared,
    and the one that served before is ended. `dco serve` does this by itself; nights run meanwhile as always. Its volume
    is kept for redeploy.keep_days, and goes when --clear says so.

    \b
    Examples: dco bake
              dco bake --end
              dco bake --clear ledger --clear search
    """
    from dco.wiring import redeploys  # noqa: PLC0415  # the help must be fast

    began = time.monotonic()
    with screen.Progress(machine=machine, durable=True) as progress:
        read = settings.read(directory)
        if clear:
            done = redeploys.clear(read, clear, progress.say, progress.doing)
        else:
            done = redeploys.bake(read, progress.say, progress.doing, over=over)
    if machine:
        screen.as_json(done)
    else:
        screen.report(done, time.monotonic() - began)
    screen.leave(done.outcome.exit_code)
