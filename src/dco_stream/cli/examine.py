"""`dco-stream examine`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from dco_stream import config
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.cli import as_json
from dco_stream.errors import BadConfiguration, StreamError
from dco_stream.examination import Finding, examine
from dco_stream.references import Library
from dco_stream.server import Server


@click.command()
@click.argument("database", required=False)
@click.option("--verify-days", default=7.0, help="After how long without a verification that is not good.")
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.pass_obj
def command(path: Path, database: str | None, verify_days: float, machine: bool) -> None:
    """Look whether a database may be kept and followed, and how its stream stands. Changes nothing.

    Exit code 2 when anything is NG.

    \b
    Example: dco-stream examine ledger
    """
    settings = config.read(path)
    if database:
        settings.database(database)
    names = [database] if database else list(settings.databases)
    found = {name: _found(settings, name, verify_days) for name in names}
    if machine:
        as_json(found)
    else:
        for name, findings in found.items():
            click.echo("\n".join(_line(name, one) for one in findings))
    if any(one.mark == "NG" for findings in found.values() for one in findings):
        sys.exit(BadConfiguration.exit_code)


def _found(settings: config.Configuration, name: str, days: float) -> list[Finding]:
    try:
        return _examine(settings, name, days)
    except StreamError as error:
        return [Finding("NG", "settings", error.what, error.remedy)]


def _examine(settings: config.Configuration, name: str, days: float) -> list[Finding]:
    kept, library = settings.database(name), Library(settings.bucket.region)
    source = library.servers(kept.servers).source
    server = Server(source, library.login(kept.login), library.key(kept.key), kept.ca_file)
    try:
        return examine(server, Archive(Bucket(settings.bucket), name), kept.names, days, datetime.now(UTC))
    finally:
        server.close()


def _line(name: str, one: Finding) -> str:
    remedy = f"\n      {one.remedy}" if one.mark == "NG" and one.remedy else ""
    return f"{one.mark:4}  {name}: {one.what}: {one.detail}{remedy}"
