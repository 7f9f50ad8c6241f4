"""`dco-stream fingerprint`."""

from contextlib import closing
from pathlib import Path

import click

from dco_stream import config, fingerprints
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.compare.connection import Connection
from dco_stream.references import Library
from dco_stream.server import Server


@click.command()
@click.argument("database")
@click.option(
    "--share", type=click.FloatRange(0.01, 1), default=0.5, help="How much of the time it may be kept reading."
)
@click.pass_obj
def command(path: Path, database: str, share: float) -> None:
    """Sum up a server that rests, so that a restore to this moment is compared with it.

    It must not be written to meanwhile: fence it, or take the time after a switch.

    \b
    Example: dco-stream fingerprint ledger
    """
    settings = config.read(path)
    kept, library = settings.database(database), Library(settings.bucket.region)
    archive = Archive(Bucket(settings.bucket), database)
    for name in kept.names:
        server = Server(library.servers(kept.servers).source, library.login(kept.login), library.key(kept.key),
                        kept.ca_file)  # fmt: skip
        with closing(Connection(name, server, click.echo, database=name)) as connection:
            taken = fingerprints.take(connection, share)
            fingerprints.keep(archive, server.line(name).status().log_name, name, taken)
        click.echo(f"{name}: {taken.elements[0]:,} nodes, {taken.elements[1]:,} relationships at {taken.transaction}")
