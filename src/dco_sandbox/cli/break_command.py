"""`dco-sandbox break`."""

from pathlib import Path
from typing import Any

import click

from dco_sandbox import access, breaking
from dco_sandbox.cli import show_json
from dco_sandbox.cli.arguments import as_json, directory
from dco_sandbox.world import World, load

_CALLS = ("throttle", "error", "delay", "lose-response")
_KILLS = ("task", "instance", "load-balancer", "endpoint")
_OTHERS = ("stale", "slow", "list", "clear")


@click.command("break")
@directory
@click.argument("what", type=click.Choice([*_CALLS, *_KILLS, *_OTHERS]), metavar="WHAT")
@click.argument("name", default="")
@click.option("--count", type=int, help="How many calls are hit; all of them otherwise.")
@click.option("--after", type=int, default=0, help="How many matching calls pass first.")
@click.option("--seconds", type=float, default=1.0, show_default=True, help="How long a call is delayed or stale.")
@click.option("--code", help="Code of the error.")
@click.option("--user-agent", default="*", help="Only calls whose user agent matches, say '*Terraform*'.")
@as_json
def command(directory: Path, what: str, name: str, *, as_json: bool, **options: Any) -> None:
    r"""Make something go wrong in the world in DIR.

    \b
    throttle, error, delay, lose-response SERVICE:ACTION   calls, by boto3's names; * matches anything
    stale SERVICE:ACTION                                   reads see the world as it was --seconds ago
    task NAME, instance NAME, load-balancer, endpoint      killed; the endpoint is started again
    slow N                                                 draining takes N seconds
    list, clear                                            the rules in force; end them all

    Example: dco-sandbox break ./world throttle 'ecs:Describe*' --count 3
    """
    world = load(directory)
    if what in _CALLS:
        given = {key: value for key, value in options.items() if value is not None}
        done = access.control(world, "POST", "faults", {**_call(name), "kind": what, **given})
    elif what in _KILLS:
        done = _kill(world, what, name)
    else:
        done = _other(world, what, name, options["seconds"])
    _show(done, as_json=as_json)


def _call(name: str) -> dict[str, str]:
    service, colon, action = name.partition(":")
    if not colon:
        raise click.UsageError("Name the calls as SERVICE:ACTION, say 'ecs:UpdateService' or 's3:*'.")
    return {"service": service, "action": action}


def _kill(world: World, what: str, name: str) -> list[str]:
    if what in {"task", "instance"} and not name:
        raise click.UsageError(f"Name the {what}; `dco-sandbox status` tells names.")
    if what == "task":
        return breaking.kill_task(world, name)
    if what == "instance":
        return breaking.kill_instance(world, name)
    return breaking.kill_load_balancer(world) if what == "load-balancer" else breaking.restart_endpoint(world)


def _other(world: World, what: str, name: str, seconds: float) -> Any:
    if what == "stale":
        return access.control(world, "POST", "stale", {**_call(name), "seconds": seconds})
    if what == "slow":
        return access.control(world, "POST", "slow", {"drain_seconds": _number(name)})
    return access.control(world, "GET" if what == "list" else "DELETE", "faults")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.UsageError("Say how many seconds draining shall take, say: slow 20.") from None


def _show(done: Any, *, as_json: bool) -> None:
    if as_json:
        show_json(done)
    elif isinstance(done, list):
        for item in done:
            click.echo(item["says"] if isinstance(item, dict) and "says" in item else item)
    else:
        click.echo(done)
