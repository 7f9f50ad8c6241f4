"""`dco-stream status`."""

from pathlib import Path

import click
import msgspec

from dco_stream import config
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.state import PartState, State


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def command(path: Path, as_json: bool) -> None:
    """Show how each database's stream stands, as it said last.

    \b
    Example: dco-stream status --json
    """
    settings = config.read(path)
    bucket = Bucket(settings.bucket)
    states = {name: Archive(bucket, name).state() for name in settings.databases}
    if as_json:
        click.echo(msgspec.json.encode(states))
        return
    for name, state in states.items():
        click.echo("\n".join(describe(name, state)))


def describe(name: str, state: State | None) -> list[str]:
    """Tell a state in lines."""
    if state is None:
        return [f"{name}: no stream has ever run for it"]
    follower = f", followed by {state.follower}" if state.follower else ""
    lines = [f"{name}: {state.source}{follower}, as {state.by} said at {state.at}"]
    lines.append(f"  newest copy {state.base or 'none yet'}" + (f" ({state.copying})" if state.copying else ""))
    for part, one in sorted(state.parts.items()):
        lines.append(f"  {part}: {_part(one)}")
    return lines + [f"  NG {worker}: {said}" for worker, said in sorted(state.troubles.items())]


def _part(part: PartState) -> str:
    words = [f"log {part.log_bytes / 2**20:.1f} MB"]
    if part.kept:
        words.append(f"kept until {part.kept.until} (transaction {part.kept.transaction})")
    if part.followed:
        words.append(f"follower {part.followed.behind} transactions, {part.followed.behind_seconds:.1f} s behind")
    return ", ".join(words)
