"""`dco-stream load`."""

from pathlib import Path

import click

from dco_stream import config, dumping
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.restore import Neo4j


@click.command()
@click.argument("database")
@click.option("--dump", default="latest", help="Which dump; the latest if it is not named.")
@click.option("--into", type=click.Path(path_type=Path), required=True, help="The data directory of a new server.")
@click.option("--neo4j", type=click.Path(path_type=Path), required=True, help="Where Neo4j is installed.")
@click.pass_obj
def command(path: Path, database: str, dump: str, into: Path, neo4j: Path) -> None:
    """Load a dump into the data directory of a new server, and let Neo4j check it. It is not fenced.

    \b
    Example: dco-stream load ledger --into /var/lib/neo4j/data --neo4j /opt/neo4j
    """
    settings = config.read(path)
    settings.database(database)
    archive = Archive(Bucket(settings.bucket), database)
    chosen = dumping.choose(archive, dump)
    seconds = dumping.load(archive, chosen, Neo4j(neo4j), into, lambda said: click.echo(said, err=True))
    click.echo(f"{into} is {database} as of the dump {chosen.id} of {chosen.taken}, checked; {seconds} s in all")
