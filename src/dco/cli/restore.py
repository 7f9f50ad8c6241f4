"""`dco restore`."""

from pathlib import Path
from typing import Any

import click
import msgspec

from dco.cli import screen
from dco.cli.world import connect
from dco.model.backup import Restored, RestoreWish
from dco.model.errors import ConfigurationError, DcoError
from dco.wiring.connect import Outside, neo4j_home, note


@click.command()
@click.argument("database")
@click.option("--at", help="A time with its zone, for example 2026-11-26T03:15:00Z, or latest.")
@click.option("--dump", help="Load this dump, or the latest, instead: of a database that no stream keeps.")
@click.option("--into", type=click.Path(resolve_path=True), required=True, help="The data directory of a new server.")
@click.option("--neo4j", type=click.Path(resolve_path=True), help="Where Neo4j is installed, if [backup] does not say.")
@click.option("--plugin", type=click.Path(resolve_path=True), help="The plugin's dco.jar, if not in plugins/ of that.")
@click.option("--address", help="The loopback address on which it is started for the invariants.")
@click.option("--skip-invariants", is_flag=True, help="Don't start it and ask them.")
@click.option("--lift", is_flag=True, help="Let it take writes once it is started; without this it refuses them.")
@click.option("--json", "machine", is_flag=True, help="Print what was made as JSON.")
@click.pass_obj
def command(directory: Path, machine: bool, **words: Any) -> None:
    """Make a data directory on this machine as all was at a moment, and prove it before anybody gets it.

    Neo4j checks it, and the invariants of dco.toml are asked on a private start. No running server is touched, and
    nothing that exists is written over.

    \b
    Example: dco restore ledger --at 2026-11-26T03:15:00Z --into /var/lib/neo4j/data --neo4j /opt/neo4j
    """
    environment, outside = connect(directory)
    words["neo4j"] = words["neo4j"] or neo4j_home(environment, outside, words["database"])
    if words["neo4j"] is None:
        raise ConfigurationError("nothing says where Neo4j is", "name it by --neo4j, or by neo4j under [backup]")
    dump = words.pop("dump")
    if (dump is None) == (words["at"] is None):
        raise click.UsageError("say either --at or --dump")
    if dump is not None:
        _load(outside, dump, **words)
        return
    wish = msgspec.convert(words, RestoreWish)
    who, what = outside.identity.caller(), f"{wish.database} as of {wish.at} into {wish.into}"
    note(outside, f"{who} restores {what}{' and lifts its fence' if wish.lift else ''}")
    with screen.Progress(machine=True) as progress:
        try:
            made = outside.backups.restore(wish, lambda said: progress.say(f"restore: {said}"))
        except DcoError as error:
            note(outside, f"{who}'s restore of {what} failed: {error.what}")
            raise
    note(outside, f"{who} has restored {wish.database}: {describe(made)}")
    if machine:
        screen.as_json(made)
    else:
        click.echo(describe(made))


def _load(outside: Outside, dump: str, **words: Any) -> None:
    """Load a dump, and write it to the journal."""
    database, into = words["database"], words["into"]
    note(outside, f"{outside.identity.caller()} loads the dump {dump} of {database} into {into}")
    with screen.Progress() as progress:
        outside.backups.load(database, dump, into, words["neo4j"], lambda said: progress.say(f"load: {said}"))
    click.echo(f"{into} is {database} as of its dump {dump}, checked; it takes writes once it is started")


def describe(made: Restored) -> str:
    """Tell what was made in a sentence."""
    questions = f", {len(made.invariants)} invariants hold" if made.invariants else ""
    questions += f", fingerprint as it was: {', '.join(made.compared)}" if made.compared else ""
    fence = "it refuses writes until its fence is lifted" if made.fenced else "it takes writes once it is started"
    return (
        f"{made.into} is {made.database} as of {made.at}, of copy {made.base}, checked by Neo4j {made.neo4j}"
        f"{questions}; {fence}; {made.seconds} s in all"
    )
