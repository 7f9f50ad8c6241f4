"""`dco-stream list`."""

from pathlib import Path

import click

from dco_stream import config, listing
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.cli import as_json
from dco_stream.listing import Listing
from dco_stream.moments import Copy


@click.command()
@click.argument("database", required=False)
@click.option("--json", "machine", is_flag=True, help="For machines; times are ms since 1970.")
@click.pass_obj
def command(path: Path, database: str | None, machine: bool) -> None:
    """Show every copy of a database, or of all, and from when to when each can be restored.

    \b
    Example: dco-stream list ledger
    """
    settings = config.read(path)
    if database:
        settings.database(database)
    bucket = Bucket(settings.bucket)
    found = [listing.read(Archive(bucket, name)) for name in ([database] if database else settings.databases)]
    if machine:
        as_json({one.database: one for one in found})
        return
    for one in found:
        click.echo("\n".join(describe(one)))


def describe(listed: Listing) -> list[str]:
    """Tell what is kept in lines."""
    lines = [f"{listed.database}:"]
    lines += [line for copy in listed.copies for line in _copy(copy)]
    lines += [f"  {one}: not finished, of no use yet" for one in listed.unfinished]
    lines += [f"  {one.id}: NG {one.why}" for one in listed.broken]
    lines += [f"  any time can be restored from {one}" for one in listed.ranges]
    lines += [f"  NG no time can be restored between {one}" for one in listed.holes]
    return lines if listed.ranges else [*lines, "  nothing can be restored"]


def _copy(copy: Copy) -> list[str]:
    size = f"{copy.size / 2**20:.1f} MB, {copy.stored / 2**20:.1f} stored"
    reach = f"restores {copy.range}" if copy.range else "restores nothing: the log that goes on from it is not there"
    return [f"  {copy.id}: Neo4j {copy.neo4j}, {size}, {reach}", *(f"    NG {one}" for one in copy.breaks)]
