"""`dco doctor`."""

import sys
from pathlib import Path

import click

from dco.cli import screen
from dco.model.finding import Mark, bad


@click.command()
@click.option("--send", is_flag=True, help="Send a test message to webhook and topic.")
@click.option("--json", "machine", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def command(directory: Path, send: bool, machine: bool) -> None:
    """Check everything that a night needs; OK, NG or SKIP, each with its remedy.

    Changes nothing; Terraform's state is locked for the seconds of a plan. Exit code 2 when anything is NG.

    \b
    Example: dco doctor
    """
    from dco.wiring import looks  # noqa: PLC0415  # the help must be fast

    found = looks.doctor(directory, send=send)
    if machine:
        screen.as_json(found)
    else:
        screen.findings(found)
        counts = [f"{sum(finding.mark is mark for finding in found)} {mark}" for mark in Mark]
        click.echo(", ".join(counts))
    sys.exit(2 if bad(found) else 0)
