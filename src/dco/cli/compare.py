"""`dco compare`."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from dco.cli import screen
from dco.cli.world import connect
from dco.model.comparison import Comparison, Wish
from dco.model.errors import PersonNeeded

SHOWN = 10


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--login", help="Where the login for a Bolt address is kept: ssm:, secret:, file: or env:.")
@click.option("--key", help="Where the plugin's key for it is kept; without, all is read over Bolt.")
@click.option("--share", type=click.FloatRange(0.01, 1), default=0.5, help="How much of the time they may read.")
@click.option("--any-transaction", is_flag=True, help="Compare although they stand at different transactions.")
@click.option("--json", "machine", is_flag=True, help="Print the verdict as JSON.")
@click.pass_obj
def command(directory: Path, machine: bool, **words: Any) -> None:
    """Compare two servers that stand at the same transaction and rest; name the first elements that differ.

    A and B are databases of dco.toml (ledger is its source, ledger:follower what follows it) or Bolt addresses. B is
    asked the invariants of dco.toml. Exit code 6 when they differ. The verdict is good for a day.

    \b
    Example: dco compare ledger ledger:follower
    """
    _, outside = connect(directory)
    with screen.Progress(machine=True) as progress:
        found = outside.backups.compare(msgspec.convert(words, Wish), lambda said: progress.say(f"compare: {said}"))
    if machine:
        screen.as_json(found)
    else:
        click.echo("\n".join(_lines(found)))
    sys.exit(0 if found.good else PersonNeeded.exit_code)


def _lines(found: Comparison) -> list[str]:
    at = "" if found.transaction is None else f" at transaction {found.transaction}"
    lines = [f"{found.a.name} and {found.b.name} {'hold the same' if found.equal else 'differ'}{at}"]
    for letter, side in (("A", found.a), ("B", found.b)):
        elements = f"{side.nodes:,} nodes and {side.relationships:,} relationships"
        lines.append(f"  {letter}: {side.uri}, Neo4j {side.version}: {elements}, read by {side.method}")
    lines += [f"  NG {gap.subject}: {gap.a:,} in A, {gap.b:,} in B" for gap in found.gaps[:SHOWN]]
    lines += [f"  NG {one}" for one in found.differences]
    lines += [f"  OK {one.name}" if one.holds else f"  NG {one.name}: it {one.trouble}" for one in found.invariants]
    if found.doubles:
        lines.append(f"  {found.doubles:,} nodes can't be told from another")
    if not found.settled:
        lines.append("  nodes that look the same may differ farther away than was looked")
    return [*lines, f"  compared in {found.seconds} s; good until {found.expires_at:%Y-%m-%dT%H:%M:%SZ}"]
