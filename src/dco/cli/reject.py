"""`dco reject`."""

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
    """Reject the plan of a waiting night.

    Without NIGHT, the one that waits. Who says it is the AWS identity of this shell; it is proved by a signed request.

    \b
    Example: dco reject 20261123-030000 --why "wait for the audit"
    """
    key, plan, who = vote(directory, night, Verdict.REJECT, why, digest)
    if machine:
        screen.as_json({"night": key, "digest": plan.digest, "verdict": "reject", "identity": who})
    else:
        click.echo(f"{who} rejects plan {plan.digest} of night {key}")
