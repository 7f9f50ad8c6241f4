"""`dco abort`."""

from pathlib import Path

import click

from dco.cli import screen
from dco.cli.voting import vote
from dco.model.approval import Verdict


@click.command()
@click.argument("night", required=False)
@click.option("--why", required=True, help="A sentence for the journal.")
@click.option("--digest", help="Refuse when the night's plan is not this one.")
@click.option("--json", "machine", is_flag=True, help="Print what was handed in as JSON.")
@click.pass_obj
def command(directory: Path, night: str | None, why: str, digest: str | None, machine: bool) -> None:
    """End a night: a waiting one at once, a running one by taking back what it did.

    Without NIGHT, the one that waits. Who says it is the AWS identity of this shell; it is proved by a signed request.

    \b
    Example: dco abort 20261123-030000 --why "the customer called"
    """
    key, plan, who = vote(directory, night, Verdict.ABORT, why, digest)
    if machine:
        screen.as_json({"night": key, "digest": plan.digest, "verdict": "abort", "identity": who})
    else:
        click.echo(f"{who} aborts plan {plan.digest} of night {key}")
