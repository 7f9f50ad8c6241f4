"""`dco adopt`."""

from pathlib import Path

import click

from dco import settings
from dco.cli import screen


@click.command()
@click.option("--revision", help="The commit that runs; HEAD when it is not named.")
@click.option("--again", is_flag=True, help="Record anew although something is recorded.")
@click.option("--json", "machine", is_flag=True, help="Print the record as JSON.")
@click.pass_obj
def command(directory: Path, revision: str | None, again: bool, machine: bool) -> None:
    """Record what runs now as the first release.

    Detection compares with this record; without one, the first night would redeploy everything. Refuses while a
    service is not settled, or runs another image than its slot names.

    \b
    Example: dco adopt --revision v1.4.2
    """
    from dco.wiring import looks  # noqa: PLC0415  # the help must be fast

    release = looks.adopt(directory, settings.read(directory).needed(), revision, again=again)
    if machine:
        screen.as_json(release)
        return
    click.echo(f"recorded release {release.fingerprint} of commit {release.revision}")
    for name, application in release.applications.items():
        click.echo(f"  application {name}: {application.image}")
        for arn in application.task_definitions.values():
            click.echo(f"    runs as {arn.rpartition('/')[2]}")
    for name, stack in release.stacks.items():
        click.echo(f"  stack {name}: content {stack.content}, {len(stack.data_sources)} data sources")
    for name, slot in release.databases.items():
        click.echo(f"  database {name}: {slot}")
    click.echo(f"  {len(release.workflows)} workflow files")
