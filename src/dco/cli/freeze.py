"""`dco freeze`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from dco.cli.world import connect
from dco.model.approval import Freeze
from dco.model.errors import ConfigurationError
from dco.record import freezes
from dco.wiring.connect import note


@click.command()
@click.option("--until", help="A time, ISO 8601; without a zone it is UTC.")
@click.option("--why", help="A sentence for those who wonder.")
@click.option("--lift", is_flag=True, help="End all freezes.")
@click.pass_obj
def command(directory: Path, until: str | None, why: str | None, lift: bool) -> None:
    """Let no update start until a time; offerings run as always.

    \b
    Examples: dco freeze --until 2026-12-27 --why "year end"
              dco freeze --lift
    """
    _, outside = connect(directory)
    who, now = outside.identity.caller(), outside.clock.now()
    if lift:
        sentence = f"{who} lifts {freezes.lift_all(outside.objects)} freezes"
    elif until is None or why is None:
        raise click.UsageError("say --until and --why, or --lift")
    else:
        end = _time(until)
        freezes.put(outside.objects, Freeze(since=now, until=end, why=why, by=who))
        sentence = f"{who} freezes updates until {end}: {why}"
    note(outside, sentence)
    click.echo(sentence)


def _time(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text} is no time: {error}", "for example: --until 2026-12-27T06:00") from None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
