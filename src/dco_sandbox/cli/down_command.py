"""`dco-sandbox down`."""

from pathlib import Path

import click

from dco_sandbox.cli import show_json
from dco_sandbox.cli.arguments import as_json, directory
from dco_sandbox.down import bring_down, delete
from dco_sandbox.world import load


@click.command("down")
@directory
@click.option("--delete/--keep", "deleting", help="Delete what `up` made as well, or keep it to resume [keep].")
@as_json
def command(directory: Path, *, deleting: bool, as_json: bool) -> None:
    """Stop every process of the world in DIR; its files stay unless told otherwise.

    Example: dco-sandbox down ./world
    """
    world = load(directory)
    stopped = bring_down(world)
    if deleting:
        delete(world)
    if as_json:
        show_json({"stopped": stopped, "deleted": deleting})
    else:
        click.echo(f"Stopped {len(stopped)} processes{' and deleted the world' if deleting else ''}.")
