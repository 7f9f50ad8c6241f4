"""`dco-stream seed`."""

from pathlib import Path

import click

from dco_stream import config
from dco_stream.references import Library
from dco_stream.seed import seed
from dco_stream.server import Server


@click.command()
@click.argument("database")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    required=True,
    help="The data directory (Neo4j's server.directories.data).",
)
@click.option(
    "--share", type=click.FloatRange(0.01, 1), default=0.5, help="How much of the time the source may be kept reading."
)
@click.pass_obj
def command(path: Path, database: str, into: Path, share: float) -> None:
    """Copy a running server's databases into the data directory of a server that has not been started.

    The copy is fenced: once started it refuses writes, until it is promoted.

    \b
    Example: dco-stream seed ledger --into /var/lib/neo4j/data
    """
    settings = config.read(path)
    kept, library = settings.database(database), Library(settings.bucket.region)
    servers = library.servers(kept.servers)
    server = Server(servers.source, library.login(kept.login), library.key(kept.key), kept.ca_file)
    try:
        seed(server, kept.names, into, share, click.echo)
    finally:
        server.close()
