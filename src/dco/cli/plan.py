"""`dco plan`."""

from pathlib import Path

import click

from dco import settings
from dco.cli import screen


@click.command()
@click.option("--json", "machine", is_flag=True, help="Print the plan, and what would stop it, as JSON.")
@click.pass_obj
def command(directory: Path, machine: bool) -> None:
    """Show what a night would do; changes nothing.

    It takes the night's own road, without the offering, and stops before the first write.

    \b
    Example: dco plan
    """
    from dco.plan.explain import explain  # noqa: PLC0415
    from dco.wiring import looks  # noqa: PLC0415  # the help must be fast

    found = looks.rehearse(directory, settings.read(directory).needed())
    if machine:
        screen.as_json(found)
        return
    for line in explain(found.plan):
        click.echo(line)
    if not found.plan.steps:
        click.echo("there is nothing to do")
    elif found.asks:
        click.echo(f"policy asks {found.approvals} to approve a plan of risk {found.risk}")
    else:
        click.echo(f"policy lets a plan of risk {found.risk} start by itself")
    for sentence in found.stops:
        click.echo(f"{click.style('would stop:', fg='red')} {sentence}")
