"""`dco-sandbox up`."""

import signal
from pathlib import Path

import click

from dco_sandbox import up
from dco_sandbox.cli import show_json
from dco_sandbox.cli.arguments import as_json, directory
from dco_sandbox.down import bring_down
from dco_sandbox.repository import service_url
from dco_sandbox.story import Story
from dco_sandbox.world import WorldError, load


@click.command("up")
@directory
@click.option("--demo-speed", is_flag=True, help="A minute of an alarm lasts one second.")
@click.option("--foreground", is_flag=True, help="Stay, and stop the world on Ctrl-C.")
@click.option("--validate", is_flag=True, help="Log answers that differ from AWS's model to violations.jsonl.")
@as_json
def command(directory: Path, *, demo_speed: bool, foreground: bool, validate: bool, as_json: bool) -> None:
    """Make a world in DIR, or resume the one that is there, also after a reboot.

    Example: dco-sandbox up ./world
    """
    minute = up.DEMO_MINUTE_SECONDS if demo_speed else up.MINUTE_SECONDS
    story = Story(lambda line: click.echo(line, err=as_json))
    try:
        world = up.bring_up(directory, story, minute_seconds=minute, validate=validate)
        if as_json:
            told = {"directory": str(world.directory), "number": world.number, "endpoint": world.endpoint}
            show_json({**told, "url": service_url(world), "seconds": round(story.seconds, 1)})
        if foreground:
            signal.pause()
    except KeyboardInterrupt:
        _stop(directory)


def _stop(directory: Path) -> None:
    """Leave nothing behind, however early the interrupt came."""
    try:
        bring_down(load(directory))
    except WorldError:
        return
    click.echo("Stopped.", err=True)
