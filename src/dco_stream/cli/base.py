"""`dco-stream base`."""

from pathlib import Path

import click

from dco_stream import config, upkeep
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket


@click.command()
@click.argument("database")
@click.pass_obj
def command(path: Path, database: str) -> None:
    """Ask the running stream for a new copy of a database.

    \b
    Example: dco-stream base ledger
    """
    settings = config.read(path)
    settings.database(database)
    upkeep.want(Archive(Bucket(settings.bucket), database))
    click.echo(f"a new copy of {database} is asked for; `dco-stream status` shows how it goes")
