"""`dco redeploy`."""

import time
from pathlib import Path

import click

from dco import settings
from dco.cli import screen


@click.command()
@click.argument("databases", nargs=-1, required=True)
@click.option("--image", metavar="AMI", help="The machine image that they shall run; what [images] wants else.")
@click.option("--version", metavar="V", help="The version of Neo4j that it ships, where its name does not say it.")
@click.option("--dry-run", "dry", is_flag=True, help="Do everything up to the switch, and throw it away again.")
@click.option("--json", "machine", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def command(  # what a person may say
    directory: Path, databases: tuple[str, ...], image: str | None, version: str | None, dry: bool, machine: bool
) -> None:
    """Move databases to new servers while they are in use; all of them together, or none.

    A new server of each is made, follows, is proved by a restore and warmed; then policy and people are asked, and
    clients go on there. Until the bake ends `dco rollback` goes back and loses nothing. When anything fails, all is as
    before. One that was interrupted goes on when this is called again.

    \b
    Examples: dco redeploy ledger search
              dco redeploy ledger search --image ami-0123456789abcdef0
              dco redeploy ledger --image ami-0123456789abcdef0 --version 2026.08.1 --dry-run
    """
    from dco.wiring import redeploys  # noqa: PLC0415  # the help must be fast

    began = time.monotonic()
    with screen.Progress(machine=machine, durable=True) as progress:
        read = settings.read(directory)
        images = dict.fromkeys(databases, image)
        done = redeploys.redeploy(read, images, version, progress.say, progress.doing, dry=dry)
    if machine:
        screen.as_json(done)
    else:
        screen.report(done, time.monotonic() - began)
    screen.leave(done.outcome.exit_code)
