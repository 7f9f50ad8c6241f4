"""`dco journal`."""

import sys
from pathlib import Path

import click
import msgspec

from dco.cli import screen
from dco.cli.world import connect
from dco.model.finding import bad
from dco.record import journal


@click.group(invoke_without_command=True)
@click.option("--night", help="Only this night.")
@click.option("--last", type=click.IntRange(1), default=50, show_default=True, help="How many entries.")
@click.option("--facts", is_flag=True, help="Show what a machine needs as well, a step's undo included.")
@click.option("--json", "machine", is_flag=True, help="Print the entries as JSON.")
@click.pass_context
def command(ctx: click.Context, night: str | None, last: int, facts: bool, machine: bool) -> None:
    """Show the journal, or verify it.

    \b
    Examples: dco journal --night 20261123-030000
              dco journal verify
    """
    if ctx.invoked_subcommand is not None:
        return
    _, outside = connect(ctx.obj)
    found = [entry for entry in journal.entries(outside.objects) if night in {None, entry.night}][-last:]
    if machine:
        screen.as_json(found)
        return
    for entry in found:
        head, *rest = entry.sentence.splitlines()
        click.echo(f"{entry.sequence:6} {entry.at} {entry.night} {click.style(f'{entry.kind:9}', bold=True)} {head}")
        for line in rest:
            click.echo(f"{'':52}{line}")
        if facts and entry.facts:
            click.echo(msgspec.json.format(msgspec.json.encode(entry.facts), indent=2).decode())


@command.command("verify")
@click.option("--json", "machine", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def verify(directory: Path, machine: bool) -> None:
    """Check the chain and its anchors; say where it was tampered with.

    \b
    Example: dco journal verify
    """
    _, outside = connect(directory)
    findings = journal.verify(outside.objects)
    if machine:
        screen.as_json(findings)
    else:
        screen.findings(findings)
    sys.exit(6 if bad(findings) else 0)
