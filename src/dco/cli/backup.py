"""`dco backup`."""

import sys
from pathlib import Path

import click

from dco.cli import screen
from dco.cli.world import connect
from dco.model.backup import Listing, Part, StreamState, Verified
from dco.model.errors import ConfigurationError, PersonNeeded, Refused
from dco.wiring.connect import Outside, backed_up, neo4j_home, note

SHOWN = 20


@click.group()
def command() -> None:
    """Show, verify or ask for backups of databases.

    \b
    Examples: dco backup status
              dco backup list ledger
    """


@command.command("status")
@click.option("--json", "machine", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def status(directory: Path, machine: bool) -> None:
    """Show how each database's stream stands, and which databases have none.

    \b
    Example: dco backup status
    """
    environment, outside = connect(directory)
    states = outside.backups.states()
    if machine:
        screen.as_json(states)
        return
    for name in environment.databases:
        click.echo("\n".join(_state(name, states.get(name), kept=name in states)))


@command.command("list")
@click.argument("database", required=False)
@click.option("--json", "machine", is_flag=True, help="Print it as JSON; times are ms since 1970.")
@click.pass_obj
def listing(directory: Path, database: str | None, machine: bool) -> None:
    """Show every copy and which times can be restored, and name the gaps.

    \b
    Example: dco backup list ledger
    """
    names, outside = _names(directory, database)
    found = [outside.backups.listing(name) for name in names]
    if machine:
        screen.as_json({one.database: one for one in found})
        return
    for one in found:
        click.echo("\n".join(_listing(one)))


@command.command("verify")
@click.argument("database", required=False)
@click.option("--since", help="Read only what times from this one on need, for example 2026-11-26T03:15:00Z.")
@click.option("--share", type=click.FloatRange(0.01, 1), default=1.0, help="How much of the time it may read.")
@click.option("--json", "machine", is_flag=True, help="Print it as JSON; times are ms since 1970.")
@click.pass_obj
def verify(directory: Path, database: str | None, since: str | None, share: float, machine: bool) -> None:
    """Read everything that is kept and compare it with what was written.

    Names what is damaged or missing, and what can still be restored. Exit code 6 when there is anything.

    \b
    Example: dco backup verify ledger --since 2026-11-20T00:00:00Z
    """
    names, outside = _names(directory, database)
    with screen.Progress(machine=True) as progress:
        found = [
            outside.backups.verify(name, since, share, lambda said, name=name: progress.say(f"{name}: {said}"))
            for name in names
        ]
    if machine:
        screen.as_json({one.database: one for one in found})
    else:
        for one in found:
            click.echo("\n".join(_verified(one)))
    sys.exit(0 if all(one.sound for one in found) else PersonNeeded.exit_code)


@command.command("now")
@click.argument("database")
@click.option("--data", type=click.Path(resolve_path=True), help="Take a dump of this data directory instead.")
@click.option("--neo4j", type=click.Path(resolve_path=True), help="Where Neo4j is, if [backup] does not say.")
@click.option("--yes", is_flag=True, help="Agree to the pause that a dump takes.")
@click.pass_obj
def now(directory: Path, database: str, data: str | None, neo4j: str | None, yes: bool) -> None:
    """Ask the stream for a new copy; or take a dump, for a database that no stream keeps.

    Every second is kept by a stream anyway: a copy shortens a restore. A dump is taken on the database's own host, and
    the server has to be stopped for it: how long is told first, and asked for with --yes.

    \b
    Examples: dco backup now ledger
              dco backup now search --data /var/lib/neo4j/data --neo4j /opt/neo4j --yes
    """
    environment, outside = connect(directory)
    if data is None:
        outside.backups.ask_for_copy(database)
        sentence = f"{outside.identity.caller()} asks for a new copy of {database}"
        note(outside, sentence)
        click.echo(f"{sentence}; `dco backup status` shows how it goes")
        return
    home = neo4j or neo4j_home(environment, outside, database)
    if home is None:
        raise ConfigurationError("nothing says where Neo4j is", "name it by --neo4j, or by neo4j under [backup]")
    told = outside.backups.pause(database, data, home)
    if not yes:
        raise Refused(told, "stop the server, say --yes, and start it again when this has ended")
    with screen.Progress() as progress:
        outside.backups.dump(database, data, home, lambda said: progress.say(f"dump: {said}"))
    sentence = f"{outside.identity.caller()} took a dump of {database} from {data}"
    note(outside, sentence)
    click.echo(f"{sentence}; the server may go on")


def _names(directory: Path, database: str | None) -> tuple[list[str], Outside]:
    environment, outside = connect(directory)
    names = [database] if database else backed_up(environment)
    if not names:
        raise ConfigurationError("no database of dco.toml has a stream", "set plugin_secret and servers_parameter")
    return names, outside


def _state(name: str, state: StreamState | None, *, kept: bool) -> list[str]:
    if not kept:
        return [f"{name}: no stream keeps it (plugin_secret and servers_parameter are not set)"]
    if state is None:
        return [f"{name}: no stream has ever run for it"]
    follower = f", followed by {state.follower}" if state.follower else ""
    lines = [f"{name}: {state.source}{follower}, as {state.by} said at {state.at}"]
    lines.append(f"  newest copy {state.base or 'none yet'}" + (f" ({state.copying})" if state.copying else ""))
    lines += [f"  {part}: {_part(one)}" for part, one in sorted(state.parts.items())]
    return lines + [f"  NG {worker}: {said}" for worker, said in sorted(state.troubles.items())]


def _part(part: Part) -> str:
    words = [f"log {part.log_bytes / 2**20:.1f} MB"]
    if part.kept:
        words.append(f"kept until {part.kept.until} (transaction {part.kept.transaction})")
    if part.followed:
        words.append(f"follower {part.followed.behind} transactions, {part.followed.behind_seconds:.1f} s behind")
    return ", ".join(words)


def _listing(listed: Listing) -> list[str]:
    lines = [f"{listed.database}:"]
    for copy in listed.copies:
        size = f"{copy.size / 2**20:.1f} MB, {copy.stored / 2**20:.1f} stored"
        reach = f"restores {copy.range}" if copy.range else "restores nothing: the log after it is not there"
        lines += [f"  {copy.id}: Neo4j {copy.neo4j}, {size}, {reach}", *(f"    NG {one}" for one in copy.breaks)]
    lines += [f"  {one}: not finished, of no use yet" for one in listed.unfinished]
    lines += [f"  {one.id}: NG {one.why}" for one in listed.broken]
    lines += [f"  any time can be restored from {one}" for one in listed.ranges]
    lines += [f"  NG no time can be restored between {one}" for one in listed.holes]
    return lines if listed.ranges else [*lines, "  nothing can be restored"]


def _verified(verified: Verified) -> list[str]:
    head = f"{verified.objects} objects, {verified.bytes / 2**20:.1f} MB in {verified.seconds} s"
    lines = [f"{verified.database}: {'all as written' if verified.sound else 'NG'}; {head}"]
    lines += [f"  NG {one.why}" for one in verified.harm[:SHOWN]]
    if len(verified.harm) > SHOWN:
        lines.append(f"  NG and {len(verified.harm) - SHOWN} more: --json tells all")
    lines += [f"  NG {one}" for one in verified.broken_off]
    lines += [f"  any time can be restored from {one}" for one in verified.ranges]
    lines += [f"  NG no time can be restored between {one}" for one in verified.holes]
    return lines if verified.ranges else [*lines, "  NG nothing can be restored"]
