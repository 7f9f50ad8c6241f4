"""`dco release`."""

from pathlib import Path

import click

from dco.cli.world import connect
from dco.model.errors import Refused
from dco.record import quarantine
from dco.wiring.connect import note


@click.command()
@click.argument("fingerprint")
@click.option("--why", default="", help="A sentence for the journal.")
@click.pass_obj
def command(directory: Path, fingerprint: str, why: str) -> None:
    """Let something that was rolled back be tried again.

    \b
    Example: dco release 3f9c1a77b2d04e51 --why "the disk was full that night"
    """
    _, outside = connect(directory)
    if not quarantine.lift(outside.objects, fingerprint):
        raise Refused(f"{fingerprint} is not kept out", "`dco status` lists what is")
    sentence = f"{outside.identity.caller()} releases {fingerprint} from quarantine{': ' + why if why else ''}"
    note(outside, sentence)
    click.echo(sentence)
