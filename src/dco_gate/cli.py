"""The `dco-gate` command: runs a gate, and gives orders to one that runs."""

import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from dco_gate import settings, signing
from dco_gate.errors import GateError
from dco_gate.settings import FILE, Settings

machine = click.option("--json", "machine", is_flag=True, help="Print JSON.")


class Place(msgspec.Struct, frozen=True):
    """Where the configuration is."""

    file: Path

    def read(self) -> Settings:
        """Read it."""
        return settings.read(self.file)

    def control(self) -> Any:
        """Give a client of the gate that it configures."""
        from dco_gate.control import Control  # noqa: PLC0415 -- `--help` is quick without it

        found = self.read()
        key = signing.read_key(settings.place(self.file, found.control.key_file))
        return Control(settings.address(found.control.listen), key)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", type=click.Path(path_type=Path), default=FILE, envvar="DCO_GATE_CONFIG", help=f"Default: {FILE}."
)
@click.pass_context
def group(context: click.Context, config: Path) -> None:
    """A Bolt endpoint that can go on with another server without a client noticing more than a delay.

    Example: dco-gate --config gate.toml serve
    """
    context.obj = Place(config)


@group.command("serve")
@click.pass_obj
def serve_command(place: Place) -> None:
    """Run the gate until SIGTERM, which drains it."""
    from dco_gate import gate  # noqa: PLC0415 -- `--help` is quick without it

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    gate.serve(place.file)


@group.command("check")
@click.pass_obj
def check_command(place: Place) -> None:
    """Read the configuration and its key, and say what is wrong; whether anything runs does not matter."""
    found = place.read()
    signing.read_key(settings.place(place.file, found.control.key_file))
    click.echo(f"The configuration is as it must be; the gate serves {', '.join(found.databases)}.")


@group.command("status")
@machine
@click.pass_obj
def status_command(place: Place, machine: bool) -> None:
    """Show who serves each database, what is held, and where the sessions are."""
    found = place.control().status()
    _show(found, machine, lambda: [_sentence(name, one) for name, one in found.items()])


@group.command("queries")
@click.pass_obj
def queries_command(place: Place) -> None:
    """Print the texts of queries that were seen, as JSON; never their parameters."""
    _show(place.control().queries(), True, list)


@group.command("versions")
@click.argument("database")
@click.option("--server", "named", multiple=True, help="A server that must speak them; none: all versions again.")
@machine
@click.pass_obj
def versions_command(place: Place, database: str, named: tuple[str, ...], machine: bool) -> None:
    """Offer only versions of Bolt that all named servers speak."""
    found = place.control().versions(database, named)
    _show(found, machine, lambda: [f"{database} offers {', '.join(found)}."])


@group.command("prepare")
@click.argument("database")
@click.argument("server", required=False)
@machine
@click.pass_obj
def prepare_command(place: Place, database: str, server: str | None, machine: bool) -> None:
    """Have a session on another server ready for each client; without a server, end that."""
    found = place.control().prepare(database, server)
    reason = f", {found.failed} without: {found.reason}" if found.failed else ""
    _show(found, machine, lambda: [f"{found.ready} sessions of {database} have a standby{reason}."])


@group.command("hold")
@click.argument("database")
@click.argument("switch")
@click.option("--candidates", required=True, help='JSON: {"ledger": {"blue": "bolt://…", "green": "bolt://…"}}')
@click.option("--drain-seconds", default=2.0, show_default=True)
@click.option("--time-box-seconds", default=5.0, show_default=True)
@machine
@click.pass_obj
def hold_command(  # noqa: PLR0917 -- click calls it by names
    place: Place,
    database: str,
    switch: str,
    candidates: str,
    drain_seconds: float,
    time_box_seconds: float,
    machine: bool,
) -> None:
    """Hold a database's new writes for a switch, once those under way have ended."""
    from dco_gate.state import Candidates  # noqa: PLC0415 -- see Place.control

    try:
        named = msgspec.json.decode(candidates, type=dict[str, Candidates])
    except msgspec.DecodeError as error:
        raise click.UsageError(f"--candidates: {error}") from None
    found = place.control().hold(
        database, switch, named, drain_seconds=drain_seconds, time_box_seconds=time_box_seconds
    )
    _show(found, machine, lambda: [f"{database} is held for switch {switch}; it took {found.drained_ms:.0f} ms."])


@group.command("move")
@click.argument("database")
@click.argument("switch")
@machine
@click.pass_obj
def move_command(place: Place, database: str, switch: str, machine: bool) -> None:
    """Obey the decision record of the switch that a database is held for."""
    _outcome(database, place.control().move(database, switch), machine)


@group.command("give-up")
@click.argument("database")
@click.argument("switch")
@machine
@click.pass_obj
def give_up_command(place: Place, database: str, switch: str, machine: bool) -> None:
    """Propose that all stays as before, and obey what the record then says."""
    _outcome(database, place.control().give_up(database, switch), machine)


@group.command("bypass")
@click.argument("database")
@click.option("--execute", "really", is_flag=True, help="Set the parameter that clients read; without it, only tell.")
@click.option("--without-record", is_flag=True, help="Believe the gate's state when the record can't be asked.")
@machine
@click.pass_obj
def bypass_command(place: Place, database: str, really: bool, without_record: bool, machine: bool) -> None:
    """Tell how to point clients at the serving server directly, and do it if told so. Refuses during a switch."""
    from dco_gate import bypass  # noqa: PLC0415 -- see Place.control
    from dco_gate.record import S3Records  # noqa: PLC0415

    found = place.read()
    records = S3Records(found.record.bucket, found.record.prefix)
    planned = bypass.find(place.file, found, database, records, without_record=without_record)
    planned = bypass.execute(planned) if really else planned
    _show(planned, machine, lambda: [f"{at}. {step}" for at, step in enumerate(bypass.runbook(planned), 1)])


def main() -> None:
    """Run the command; what went wrong and what to do next go to stderr."""
    try:
        group(prog_name="dco-gate")
    except GateError as error:
        click.echo(f"Error: {error.what}\nTry: {error.remedy}", err=True)
        sys.exit(error.exit_code)


def _outcome(database: str, found: Any, machine: bool) -> None:
    later = f", {found.later} follow when their transactions end" if found.later else ""
    lost = f", {found.failed} were closed" if found.failed else ""
    _show(found, machine, lambda: [f"{database} is served by {found.serving}: {found.there} sessions{later}{lost}."])


def _sentence(name: str, one: Any) -> str:
    held = f", held for {one.held_seconds:.1f} s (switch {one.held})" if one.held else ""
    behind = f", {one.behind} not there yet" if one.behind else ""
    return f"{name} is served by {one.serving}: {one.sessions} sessions{behind}{held}; {one.failed} failed to move."


def _show(found: Any, machine: bool, lines: Callable[[], Iterable[str]]) -> None:
    if machine:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        for line in lines():
            click.echo(line)
