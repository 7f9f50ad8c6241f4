"""`dco-stream prove`."""

import sys
from pathlib import Path

import click

from dco_stream import config
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.cli import as_json
from dco_stream.compare import telling
from dco_stream.errors import Damaged
from dco_stream.proof import Wish, prove
from dco_stream.references import Library
from dco_stream.restore import Neo4j


@click.command()
@click.argument("database")
@click.option("--server", required=True, help="The follower's Bolt address. Nobody may carry to it meanwhile.")
@click.option("--into", type=click.Path(path_type=Path), required=True,
              help="An empty directory with room for the data; to be thrown away afterwards.")  # fmt: skip
@click.option("--neo4j", type=click.Path(path_type=Path), required=True, help="Where Neo4j is installed.")
@click.option("--address", default="127.0.0.1", help="The loopback address on which the restore is started.")
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.pass_obj
def command(path: Path, database: str, machine: bool, **wishes: object) -> None:
    """Prove that a follower, where it rests, holds what a restore to that transaction holds.

    The restore is checked by Neo4j before; the configured invariants are asked of the follower. Exit code 6 when they
    differ or an invariant does not hold.

    \b
    Example: dco-stream prove ledger --server bolt://10.0.2.9:7687 --into /scratch/ledger --neo4j /opt/neo4j
    """
    settings = config.read(path)
    kept, library = settings.database(database), Library(settings.bucket.region)
    wish = Wish(
        server=str(wishes["server"]),
        login=library.login(kept.login),
        key=library.key(kept.key),
        neo4j=Neo4j(Path(str(wishes["neo4j"]))),
        into=Path(str(wishes["into"])),
        invariants=kept.invariants,
        address=str(wishes["address"]),
    )
    verdict = prove(Archive(Bucket(settings.bucket), database), wish, lambda said: click.echo(said, err=True))
    if machine:
        as_json(verdict)
    else:
        click.echo("\n".join(telling.lines(verdict)))
    if not verdict.good:
        sys.exit(Damaged.exit_code)
