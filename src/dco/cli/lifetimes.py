"""`dco lifetimes`."""

from pathlib import Path

import click

from dco import settings
from dco.cli import screen


@click.command()
@click.option("--renew", is_flag=True, help="Ask anew and write the table named under [end_of_life].")
@click.option("--json", "machine", is_flag=True, help="Print the sentences as JSON.")
@click.pass_obj
def command(directory: Path, renew: bool, machine: bool) -> None:
    """Show until when what runs is supported, or renew that table.

    Renewing asks the address `lifetimes` under [registries], and writes one file of the checkout for a person to
    commit; when anything was not told for certain, the file is left as it was.

    \b
    Examples: dco lifetimes
              dco lifetimes --renew
    """
    from dco.wiring import looks  # noqa: PLC0415  # the help must be fast

    lines = looks.lifetimes(directory, settings.read(directory).needed(), renew=renew)
    if machine:
        screen.as_json(lines)
        return
    for line in lines:
        click.echo(line)
