"""`dco history`."""

from pathlib import Path

import click

from dco.cli import screen
from dco.cli.world import connect
from dco.record import changelog, nights


@click.command()
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="How many nights.")
@click.option("--changelog", "deployments", is_flag=True, help="Print the environment's changelog instead.")
@click.option("--json", "machine", is_flag=True, help="Print the reports as JSON.")
@click.pass_obj
def command(directory: Path, last: int, deployments: bool, machine: bool) -> None:
    """List the nights, the newest last; or what was deployed by whose word, the newest first.

    \b
    Examples: dco history --last 7
              dco history --changelog
    """
    _, outside = connect(directory)
    if deployments:
        click.echo(changelog.read(outside.objects) or "nothing was deployed yet\n", nl=False)
        return
    reports = nights.reports(outside.objects, last)
    if machine:
        screen.as_json(reports)
        return
    for report in reports:
        outcome = click.style(f"{report.outcome:15}", fg=screen.COLOURS.get(report.outcome, "red"))
        click.echo(f"{report.night}  {outcome} {report.revision[:12]:12}  {report.sentence.splitlines()[0][:90]}")
