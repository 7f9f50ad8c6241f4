"""`dco show`."""

from pathlib import Path

import click

from dco.cli import screen
from dco.cli.world import connect
from dco.model.errors import Refused
from dco.record import nights


@click.command()
@click.argument("night")
@click.option("--json", "machine", is_flag=True, help="Print plan and report as JSON.")
@click.pass_obj
def command(directory: Path, night: str, machine: bool) -> None:
    """Show a night: its plan, its steps, how it ended and what served then.

    \b
    Example: dco show 20261123-030000
    """
    from dco.plan.explain import explain  # noqa: PLC0415  # the help must be fast

    _, outside = connect(directory)
    plan, report = nights.plan_of(outside.objects, night), nights.report(outside.objects, night)
    if plan is None and report is None:
        raise Refused(f"nothing is known of a night {night}", "`dco history` lists the nights")
    if machine:
        screen.as_json({"night": night, "plan": plan, "report": report})
        return
    for line in explain(plan) if plan else ():
        click.echo(line)
    if report is None:
        click.echo(f"night {night} has not ended")
        return
    for change in report.changes:
        click.echo(f"  {change}")
    for step in report.steps:
        detail = step.detail.partition("\n")[0]
        click.echo(f"  {step.name:30} {step.state:8} {step.seconds:6.1f} s  {detail}")
    screen.report(report, 0)
