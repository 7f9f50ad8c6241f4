"""`dco-sandbox release`."""

from pathlib import Path

import click

from dco_sandbox.cli import show_json
from dco_sandbox.cli.arguments import as_json, directory
from dco_sandbox.release import KINDS, commit_release
from dco_sandbox.world import load


@click.command("release", epilog="Kinds: " + ", ".join(KINDS))
@directory
@click.argument("kind", type=click.Choice(list(KINDS)), metavar="KIND")
@as_json
def command(directory: Path, kind: str, *, as_json: bool) -> None:
    """Commit a change of a kind into the repository of the world in DIR, as a developer would.

    Example: dco-sandbox release ./world good
    """
    revision = commit_release(load(directory), kind)
    if as_json:
        show_json({"kind": kind, "commit": revision})
    else:
        click.echo(f"{KINDS[kind].says}: {revision[:12]}")
