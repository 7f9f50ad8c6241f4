"""`dco review`."""

import sys
from pathlib import Path

import click

from dco.cli import screen
from dco.model.remark import Remark, Review


@click.command()
@click.argument("what", type=click.Choice(["terraform"]))
@click.option("--offline", is_flag=True, help="Ask no AWS: whether state buckets keep versions stays unknown.")
@click.option("--json", "machine", is_flag=True, help="Print the remarks as JSON.")
@click.pass_obj
def command(directory: Path, what: str, offline: bool, machine: bool) -> None:
    """Review the configuration as it stands: what is not pinned, not locked, not protected, or not secret.

    Looks at the stacks of dco.toml, without one at every Terraform root it finds, and at the workflows. Where checkov
    or tflint is on PATH, it is asked as well. Changes nothing. Exit code 2 when anything is found.

    \b
    Example: dco review terraform
    """
    from dco.wiring import reviews  # noqa: PLC0415  # the help must be fast

    del what
    found = reviews.review_terraform(directory, offline=offline)
    if machine:
        screen.as_json(found)
    else:
        _show(found)
    sys.exit(2 if found.remarks else 0)


def _show(found: Review) -> None:
    for remark in found.remarks:
        _line(remark)
    for silent in found.not_looked_at:
        click.echo(click.style(f"not looked at: {silent}", fg="yellow"))
    count = len(found.remarks)
    click.echo(f"{count} remark{'' if count == 1 else 's'}" if count else "nothing to remark")


def _line(remark: Remark) -> None:
    rule = click.style(remark.rule, fg="yellow", bold=True)
    by = "" if remark.by == "dco" else f", says {remark.by}"
    click.echo(f"{remark.where}  {rule}  {remark.what}{by}")
    click.echo(f"      {remark.remedy}")
