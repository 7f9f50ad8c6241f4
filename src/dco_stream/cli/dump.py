"""`dco-stream dump`."""

from pathlib import Path

import click

from dco_stream import config, dumping
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.cli import as_json
from dco_stream.errors import Refused
from dco_stream.restore import Neo4j


@click.command()
@click.argument("database")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The stopped server's data directory.")
@click.option("--neo4j", type=click.Path(path_type=Path), required=True, help="Where Neo4j is installed.")
@click.option("--yes", is_flag=True, help="Begin; without this it only says how long the server must stand still.")
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.pass_obj
def command(path: Path, database: str, data: Path, neo4j: Path, yes: bool, machine: bool) -> None:
    """Keep a dump of a server that stands still, where there is no plugin that could copy it while it runs.

    \b
    Example: dco-stream dump ledger --data /var/lib/neo4j/data --neo4j /opt/neo4j --yes
    """
    settings = config.read(path)
    names = settings.database(database).names
    size, seconds = dumping.pause(data, names)
    told = f"{database} has {size / 2**20:.1f} MB: it stands still for about {seconds} s"
    if not yes:
        raise Refused(f"{told}, and nobody has agreed to that", "stop the server, and say --yes")
    click.echo(told, err=True)
    archive = Archive(Bucket(settings.bucket), database)
    dump = dumping.take(archive, names, data, Neo4j(neo4j), lambda said: click.echo(said, err=True))
    if machine:
        as_json(dump)
    else:
        click.echo(f"{dump.id} is a dump of {database}, as of {dump.taken}; the server may go on")
