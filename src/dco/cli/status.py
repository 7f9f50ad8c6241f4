"""`dco status`."""

from pathlib import Path

import click
import msgspec

from dco.cli import screen
from dco.cli.world import connect
from dco.model.outcome import Report
from dco.record import freezes, lock, nights, quarantine, releases


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What serves, what runs and what waits."""

    environment: str
    mode: str
    revision: str | None
    fingerprint: str | None
    released_at: str | None
    applications: dict[str, str]
    lock: lock.Lock | None
    waits: str | None
    plan: str | None
    frozen: tuple[str, ...]
    quarantined: tuple[str, ...]
    last: Report | None


@click.command()
@click.option("--json", "machine", is_flag=True, help="Print the status as JSON.")
@click.pass_obj
def command(directory: Path, machine: bool) -> None:
    """Show what serves, what runs and what waits.

    \b
    Example: dco status
    """
    environment, outside = connect(directory)
    objects, now = outside.objects, outside.clock.now()
    released = releases.read(objects)
    waits = nights.who_waits(objects)
    plan = nights.plan_of(objects, waits) if waits else None
    status = Status(
        environment=environment.name,
        mode=environment.mode,
        revision=released.revision if released else None,
        fingerprint=released.fingerprint if released else None,
        released_at=released.at if released else None,
        applications={name: one.image for name, one in released.applications.items()} if released else {},
        lock=lock.holder(objects),
        waits=waits,
        plan=plan.digest if plan else None,
        frozen=tuple(f"until {one.until}: {one.why}" for one in freezes.all_of(objects) if one.until > now),
        quarantined=tuple(f"{one.goal}: {one.why}" for one in quarantine.all_of(objects)),
        last=nights.newest_report(objects),
    )
    if machine:
        screen.as_json(status)
    else:
        _show(status)


def _show(status: Status) -> None:
    rows = [("environment", f"{status.environment} ({status.mode})")]
    if status.revision is None:
        rows.append(("released", "nothing yet: run `dco adopt` once"))
    else:
        rows.append(("released", f"{status.revision[:12]} at {status.released_at}, fingerprint {status.fingerprint}"))
    rows += [("serves", f"{name}: {image.rpartition('@')[2][:19]}") for name, image in status.applications.items()]
    if status.lock is not None:
        rows.append(("updating", f"night {status.lock.night} by {status.lock.who} since {status.lock.since}"))
    if status.waits is not None:
        rows.append(("waits", f"night {status.waits} with plan {status.plan}: dco approve {status.waits}"))
    rows += [("frozen", sentence) for sentence in status.frozen]
    rows += [("kept out", sentence) for sentence in status.quarantined]
    if status.last is not None:
        rows.append(
            ("last night", f"{status.last.night}: {status.last.outcome}: {status.last.sentence.splitlines()[0]}")
        )
    for name, text in rows:
        click.echo(f"{click.style(f'{name:12}', bold=True)} {text}")
