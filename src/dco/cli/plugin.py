"""`dco plugin`."""

import time
from pathlib import Path

import click

from dco import settings
from dco.cli import screen


@click.group()
def command() -> None:
    """Give databases the plugin by which they are copied and moved.

    \b
    Example: dco plugin install ledger
    """


@command.command("install")
@click.argument("databases", nargs=-1, required=True)
@click.option("--restart", is_flag=True, help="Restart each, where its JVM takes no agent.")
@click.option("--yes", "agreed", is_flag=True, help="Agree to the pause of a restart.")
@click.option("--json", "machine", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def install(directory: Path, databases: tuple[str, ...], restart: bool, agreed: bool, machine: bool) -> None:
    """Adopt databases: give each the plugin while it serves.

    A command of Systems Manager puts the plugin, its key and a setting in place there, and lets the running Neo4j load
    it as an agent of its JVM: nobody waits. Where that is switched off, --restart tells how long the server's last
    start took and, with --yes, restarts it; one that does not come up with it is put back and serves as before. From
    then on the stream keeps it, and `dco redeploy` moves it without a pause.

    \b
    Examples: dco plugin install ledger
              dco plugin install ledger search --restart --yes
    """
    from dco.wiring import redeploys  # noqa: PLC0415  # the help must be fast

    began = time.monotonic()
    with screen.Progress(machine=machine, durable=True) as progress:
        read = settings.read(directory)
        done = redeploys.install(read, databases, progress.say, progress.doing, restart=restart, agreed=agreed)
    if machine:
        screen.as_json(done)
    else:
        screen.report(done, time.monotonic() - began)
    screen.leave(done.outcome.exit_code)
