"""`dco-sandbox traffic`."""

import json
import os
import sys
from pathlib import Path

import click

from dco_sandbox import founding
from dco_sandbox.cli.arguments import directory
from dco_sandbox.repository import service_url
from dco_sandbox.world import load


@click.command("traffic", context_settings={"ignore_unknown_options": True})
@directory
@click.option("--prove", "proving", is_flag=True, help="Look for every acknowledged write in the ledger afterwards.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def command(directory: Path, *, proving: bool, options: tuple[str, ...]) -> None:
    """Send traffic to the service of the world in DIR; options are those of `python -m dco_sandbox.traffic`.

    Example: dco-sandbox traffic ./world --seconds 30 --prove
    """
    world = load(directory)
    where = ["--url", service_url(world), "--journal", str(world.directory / "traffic.jsonl")]
    if proving:
        name = f"{founding.ENVIRONMENT}/ledger"
        uri = founding.client(world, "ssm").get_parameter(Name=f"/credcoin/{name}/uri")["Parameter"]["Value"]
        secret = founding.client(world, "secretsmanager").get_secret_value(SecretId=f"credcoin/{name}")["SecretString"]
        os.environ["LEDGER_AUTH"] = json.dumps(json.loads(secret))
        where += ["--prove", uri]
    os.execv(sys.executable, [sys.executable, "-m", "dco_sandbox.traffic", *where, *options])  # noqa: S606
