"""`dco detect`."""

from collections.abc import Iterable
from pathlib import Path

import click

from dco import settings
from dco.cli import screen
from dco.model.change import Action, Change, Status

_COLOURS = {Status.CHANGED: "yellow", Status.UNCHANGED: "green", Status.UNKNOWN: "red", Status.ERROR: "red"}
_CELL = 24


@click.command()
@click.option("--from", "since", metavar="REV", help="Compare as if this commit had been released.")
@click.option("--to", "until", metavar="REV", help="Look at this commit instead of HEAD.")
@click.option("--offline", is_flag=True, help="Judge by git alone; needs --from, and no AWS.")
@click.option("--json", "machine", is_flag=True, help="Print what was found as JSON.")
@click.pass_obj
def command(directory: Path, since: str | None, until: str | None, offline: bool, machine: bool) -> None:
    """Look for changes and show them, without planning.

    Writes nothing. What could not be read is shown as unknown or error, never as unchanged.

    \b
    Examples: dco detect
              dco detect --offline --from v1.4.2 --to main
    """
    from dco.wiring import looks  # noqa: PLC0415  # the help must be fast

    environment = settings.read(directory).needed()
    seen = looks.see(directory, environment, since, until, offline=offline)
    unseen = _unseen(bool(environment.databases), environment.watched) if offline else ()
    if machine:
        screen.as_json({
            "released": seen.released.revision,
            "revision": seen.revision,
            "changes": seen.changes.changes,
            "quiet": seen.changes.quiet() and not offline,
            "not_looked_at": unseen,
        })  # fmt: skip
        return
    click.echo(f"from {seen.released.revision[:12]} to {seen.revision[:12]}")
    _table(seen.changes.changes)
    for what in unseen:
        click.echo(click.style(f"not looked at: {what}", fg="yellow"))
    click.echo(_sum(seen.changes.changes))


def _table(changes: Iterable[Change]) -> None:
    shown = sorted(changes, key=lambda change: change.component)
    width = max((len(change.component) for change in shown), default=0)
    for change in shown:
        status = click.style(f"{change.status:9}", fg=_COLOURS[change.status], bold=change.status in _UNREAD)
        action = "" if change.action is Action.NONE else f" [{change.action}]"
        click.echo(f"{change.component:{width}}  {status}  {_arrow(change)}{change.reason}{action}")


_UNREAD = (Status.UNKNOWN, Status.ERROR)


def _arrow(change: Change) -> str:
    if change.current is None and change.available is None:
        return ""
    return f"{(change.current or 'none')[:_CELL]} → {(change.available or 'none')[:_CELL]}: "


def _sum(changes: Iterable[Change]) -> str:
    counts = {status: sum(change.status is status for change in changes) for status in Status}
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to look at"


def _unseen(databases: bool, watched: tuple[str, ...]) -> tuple[str, ...]:
    """Name what git alone can't tell."""
    slots = ("the slots of the databases",) if databases else ()
    elsewhere = (f"what is new elsewhere ({', '.join(watched)})",) if watched else ()
    return ("what Terraform would change", "which images, task definitions and slots run", *slots, *elsewhere)
