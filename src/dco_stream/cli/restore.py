"""`dco-stream restore`."""

from pathlib import Path

import click

from dco_stream import config, moments
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.cli import as_json
from dco_stream.config import Configuration
from dco_stream.errors import BadConfiguration
from dco_stream.offering import Offered, Wish, offer
from dco_stream.references import Library, Login
from dco_stream.restore import Neo4j


@click.command()
@click.argument("database")
@click.option("--at", required=True, help="A time with its zone, for example 2026-11-26T03:15:00Z, or latest.")
@click.option("--into", type=click.Path(path_type=Path), required=True,
              help="The data directory of a new server (Neo4j's server.directories.data).")  # fmt: skip
@click.option("--neo4j", type=click.Path(path_type=Path), required=True, help="Where Neo4j is installed.")
@click.option("--plugin", type=click.Path(path_type=Path), help="The plugin's dco.jar, if not in plugins/ of that.")
@click.option("--login", help="Who asks the invariants, if not the configured login: where JSON is kept.")
@click.option("--address", default="127.0.0.1", help="The loopback address on which it is started for them.")
@click.option("--skip-invariants", is_flag=True, help="Don't start it and ask it anything.")
@click.option("--lift", is_flag=True, help="Lift the fence at the end, so that it takes writes once it is started.")
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.pass_obj
def command(path: Path, database: str, machine: bool, **wishes: object) -> None:
    """Make a data directory as all was at a moment, and prove it before anybody gets it.

    It is checked by Neo4j and asked the configured invariants. It is fenced: a server that is started on it refuses
    writes, unless --lift. Nothing that exists is ever written over.

    \b
    Example: dco-stream restore ledger --at 2026-11-26T03:15:00Z --into /var/lib/neo4j/data --neo4j /opt/neo4j
    """
    settings = config.read(path)
    kept = settings.database(database)
    invariants = {} if wishes["skip_invariants"] else kept.invariants
    login = None if wishes["skip_invariants"] else _login(settings, str(wishes["login"] or kept.login), invariants)
    wish = Wish(
        until=moments.read(str(wishes["at"])),
        into=Path(str(wishes["into"])),
        neo4j=Neo4j(Path(str(wishes["neo4j"])), Path(str(wishes["plugin"])) if wishes["plugin"] else None),
        invariants=invariants,
        login=login,
        address=str(wishes["address"]),
        lift=bool(wishes["lift"]),
    )
    made = offer(Archive(Bucket(settings.bucket), database), wish, lambda said: click.echo(said, err=machine))
    if machine:
        as_json(made)
    else:
        click.echo(describe(made))


def _login(settings: Configuration, reference: str, invariants: dict[str, str]) -> Login | None:
    """Give the login, without which only invariants can't be asked: fingerprints are compared where they can be."""
    try:
        return Library(settings.bucket.region).login(reference)
    except BadConfiguration:
        if invariants:
            raise
        return None


def describe(made: Offered) -> str:
    """Tell what was made in a sentence."""
    questions = f", {len(made.invariants)} invariants hold" if made.invariants else ""
    questions += f", fingerprint as it was: {', '.join(made.compared)}" if made.compared else ""
    fence = "it refuses writes until its fence is lifted (--lift, or dco.promote)" if made.fenced else "it takes writes"
    return (
        f"{made.into} is {made.database} as of {made.at}, checked{questions}; started with Neo4j {made.neo4j} {fence}; "
        f"{made.seconds} s in all"
    )
