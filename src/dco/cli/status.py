"""`dco status`."""

from pathlib import Path

import click
import msgspec

from dco.cli import screen
from dco.cli.world import connect
from dco.model.errors import DcoError
from dco.model.outcome import Report
from dco.model.redeploy import Bake
from dco.record import bakes, freezes, lock, nights, quarantine, releases
from dco.review import gates
from dco.review.streams import sentence
from dco.wiring.connect import Outside


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
    bake: str | None
    """Which redeploy of databases bakes, and until when."""
    streams: dict[str, str]
    """How each database's stream stands, as a sentence; with NG when a person should look."""
    gates: dict[str, str]
    """The same of each database's gates."""


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
        bake=_bake(bakes.open_one(objects)),
        streams=_streams(outside, now),
        gates={name: gates.sentence(name, one, outside) for name, one in environment.databases.items() if one.gate},
    )
    if machine:
        screen.as_json(status)
    else:
        _show(status)


def _bake(found: Bake | None) -> str | None:
    if found is None:
        return None
    return f"{' and '.join(found.databases)} of {found.redeploy} until {found.until}: dco bake, or dco rollback"


def _streams(outside: Outside, now: str) -> dict[str, str]:
    """Ask how the streams stand; what can't be asked is said and hides nothing else."""
    try:
        return {name: sentence(state, now) for name, state in outside.backups.states().items()}
    except DcoError as error:
        return {"all": f"NG: can't be asked: {error.what}"}


def _show(status: Status) -> None:
    rows = [("environment", f"{status.environment} ({status.mode})")]
    if status.revision is None:
        rows.append(("released", "nothing yet: run `dco adopt` once"))
    else:
        rows.append(("released", f"{status.revision[:12]} at {status.released_at}, fingerprint {status.fingerprint}"))
    rows += [("serves", f"{name}: {image.rpartition('@')[2][:19]}") for name, image in status.applications.items()]
    if status.lock is not None:
        rows.append(("updating", f"{status.lock.whose} by {status.lock.who} since {status.lock.since}"))
    if status.waits is not None:
        rows.append(("waits", f"night {status.waits} with plan {status.plan}: dco approve {status.waits}"))
    if status.bake is not None:
        rows.append(("bakes", status.bake))
    rows += [("stream", f"{name}: {said}") for name, said in status.streams.items()]
    rows += [("gate", f"{name}: {said}") for name, said in status.gates.items()]
    rows += [("frozen", sentence) for sentence in status.frozen]
    rows += [("kept out", sentence) for sentence in status.quarantined]
    if status.last is not None:
        rows.append(
            ("last night", f"{status.last.night}: {status.last.outcome}: {status.last.sentence.splitlines()[0]}")
        )
    for name, text in rows:
        click.echo(f"{click.style(f'{name:12}', bold=True)} {text}")
