"""How changes are shown: as a table by component, one with all its evidence, or plain for a machine."""

from collections.abc import Iterable
from datetime import UTC, datetime

import click
import msgspec

from dco.model.change import Action, Change, Status
from dco.model.errors import ConfigurationError
from dco.model.look import Compared

_COLOURS = {Status.CHANGED: "yellow", Status.UNCHANGED: "green", Status.UNKNOWN: "red", Status.ERROR: "red"}
_UNREAD = (Status.UNKNOWN, Status.ERROR)
_CELL = 24
_DONE = {
    "application": "its image is built and rolled out",
    "stack": "it is planned and applied",
    "database": "it is redeployed",
    "library": "it comes with its application",
}
"""Kind of component → what a night does of itself."""


def plain(seen: Compared) -> dict[str, object]:
    """Return what was found for a machine."""
    return {
        "decision": seen.changes.decision(),
        "fingerprint": seen.changes.fingerprint,
        "released": seen.before,
        "revision": seen.after,
        "changes": [_plain(change) for change in seen.changes.changes],
        "quiet": seen.changes.quiet() and not seen.not_looked_at,
        "not_looked_at": seen.not_looked_at,
        "ages": seen.ages,
    }


def table(seen: Compared) -> None:
    """Print a line for each component: what, since when, from, to, why it matters, what is done."""
    click.echo(f"from {seen.before[:12]} to {seen.after[:12]}")
    shown = sorted(seen.changes.changes, key=lambda change: change.component)
    width = max((len(change.component) for change in shown), default=0)
    for change in shown:
        status = click.style(f"{change.status:9}", fg=_COLOURS[change.status], bold=change.status in _UNREAD)
        click.echo(f"{change.component:{width}}  {status}  {_age(seen, change):>5}  {_arrow(change)}{change.reason}")
        if done := _done(change):
            click.echo(f"{'':{width}}  {'':9}  {'':>5}  {click.style(done, bold=True)}")
    for what in seen.not_looked_at:
        click.echo(click.style(f"not looked at: {what}", fg="yellow"))
    click.echo(f"{_sum(shown)}; decision {seen.changes.decision()}, fingerprint {seen.changes.fingerprint}")


def of(seen: Compared, component: str) -> tuple[Change, ...]:
    """Return the changes of one component. Raises `ConfigurationError` for one that was not looked at."""
    found = tuple(change for change in seen.changes.changes if component in {change.component, change.name})
    if not found:
        known = ", ".join(sorted({change.component for change in seen.changes.changes})) or "none"
        raise ConfigurationError(f"nothing was found of {component}", f"what was looked at: {known}")
    return found


def explain(seen: Compared, found: Iterable[Change]) -> None:
    """Print all that is known of changes."""
    for change in found:
        click.echo(f"{click.style(change.component, bold=True)} is {change.status}: {change.reason}")
        lines = {
            "from": change.current,
            "to": change.available,
            "since": seen.ages.get(change.component),
            "source": change.source,
            "then": _done(change),
            "checked": change.checked_at,
        }
        for name, value in lines.items():
            if value:
                click.echo(f"  {name:9}{value}")
        for each in change.evidence:
            click.echo(f"  {'evidence':9}{each}")


def _plain(change: Change) -> dict[str, object]:
    """Return a change's parts; that policy puts it off is one only where it does."""
    parts = msgspec.structs.asdict(change)
    return parts if change.put_off else {name: value for name, value in parts.items() if name != "put_off"}


def _done(change: Change) -> str:
    """Return what is done about a change."""
    if change.put_off:
        return f"it waits: {change.put_off}"
    kind = change.component.partition(":")[0]
    sentences = {
        Action.REDEPLOY: _DONE.get(kind, "it is redeployed"),
        Action.APPROVE: "a person has to approve",
        Action.BLOCK: "it is refused until that is mended",
    }
    return sentences.get(change.action, "a person has to look" if change.status in _UNREAD else "")


def _arrow(change: Change) -> str:
    if change.current is None and change.available is None:
        return ""
    return f"{(change.current or 'none')[:_CELL]} → {(change.available or 'none')[:_CELL]}: "


def _age(seen: Compared, change: Change) -> str:
    since = seen.ages.get(change.component)
    if since is None:
        return ""
    hours = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds() / 3600
    return f"{hours / 24:.0f} d" if hours >= 48 else f"{max(hours, 0):.0f} h"  # noqa: PLR2004  # two days


def _sum(changes: Iterable[Change]) -> str:
    found = list(changes)
    counts = {status: sum(change.status is status for change in found) for status in Status}
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to look at"
