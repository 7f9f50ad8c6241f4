"""`dco detect`."""

from pathlib import Path

import click

from dco import settings
from dco.cli import changes, screen
from dco.model.errors import ConfigurationError


@click.command()
@click.option("--from", "since", metavar="REV", help="Compare as if this commit had been released.")
@click.option("--since", "night", metavar="NIGHT", help="Compare with what was released when this night had ended.")
@click.option("--to", "until", metavar="REV", help="Look at this commit instead of HEAD.")
@click.option("--offline", is_flag=True, help="Judge by git alone; needs --from, neither AWS nor dco.toml.")
@click.option("--explain", "component", metavar="COMPONENT", help="Show the evidence of one component, as stack:main.")
@click.option("--json", "machine", is_flag=True, help="Print what was found as JSON.")
@click.pass_obj
def command(  # noqa: PLR0917  # a flag each
    directory: Path,
    since: str | None,
    night: str | None,
    until: str | None,
    offline: bool,
    component: str | None,
    machine: bool,
) -> None:
    """Look for changes and show them, without planning.

    Writes nothing. What could not be read is shown as unknown or error, never as unchanged. Offline it works in any git
    repository: without a dco.toml it looks for Dockerfiles, Terraform, workflows and locks by itself.

    \b
    Examples: dco detect
              dco detect --since 20261123-030000
              dco detect --explain stack:main
              dco detect --offline --from v1.4.2 --to main --json
    """
    if night and (since or offline):
        raise ConfigurationError("--since names a night of this environment", "leave out --from and --offline")
    if offline:
        from dco.wiring import files  # noqa: PLC0415  # nothing of AWS is loaded

        seen = files.see(directory, since, until)
    else:
        from dco.wiring import looks  # noqa: PLC0415  # the help must be fast

        seen = looks.see(directory, settings.read(directory).needed(), since, until, night)
    if component:
        found = changes.of(seen, component)
        screen.as_json(found) if machine else changes.explain(seen, found)
    elif machine:
        screen.as_json(changes.plain(seen))
    else:
        changes.table(seen)
