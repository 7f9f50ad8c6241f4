"""`dco serve`."""

from pathlib import Path

import click

from dco import settings


@click.command()
@click.pass_obj
def command(directory: Path) -> None:
    """Run nights on schedule, as a service; a night missed while it was down is made up for once.

    Each night is a process of its own; one that dies is started again and goes on where it stopped.

    \b
    Example: dco serve
    """
    from dco.flow import serving  # noqa: PLC0415  # the help must be fast

    read = settings.read(directory)
    serving.serve(directory, read.needed(), click.echo)
