"""`dco explain`."""

from pathlib import Path

import click

from dco.cli import screen
from dco.cli.world import connect
from dco.model.errors import Refused
from dco.record import journal, nights
from dco.record.telling import tell


@click.command()
@click.argument("night")
@click.option("--json", "machine", is_flag=True, help="Print the lines as JSON.")
@click.pass_obj
def command(directory: Path, night: str, machine: bool) -> None:
    """Tell why a night did what it did: changes, plan, approvals, steps and verdict, by the journal's own sentences.

    \b
    Example: dco explain 20261123-030000
    """
    _, outside = connect(directory)
    objects = outside.objects
    lines = tell(night, journal.entries(objects), nights.plan_of(objects, night), nights.report(objects, night))
    if not lines:
        raise Refused(f"nothing is known of a night {night}", "`dco history` lists the nights")
    if machine:
        screen.as_json(lines)
        return
    for line in lines:
        click.echo(line if line.startswith(" ") else click.style(line, bold=True))
