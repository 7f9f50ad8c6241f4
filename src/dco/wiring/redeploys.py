"""Runs redeploys of databases and their bakes in the engine."""

from collections.abc import Callable

import msgspec

from dco.flow import baking, clearing, installing, redeploying
from dco.flow.resuming import clear_to_go_on, installation_to_go_on, new_key, redeploy_to_go_on
from dco.model.errors import Refused
from dco.model.outcome import Report
from dco.providers.clock import SystemClock
from dco.settings import Settings
from dco.wiring.bakes import mark_bake, open_bake
from dco.wiring.nights import engine

Tell = Callable[[str], None]


def redeploy(
    settings: Settings,
    images: dict[str, str | None],
    version: str | None,
    said: Tell,
    begun: Tell,
    *,
    dry: bool,
) -> Report:
    """Redeploy databases to images, None for what [images] wants, or go on with a redeploy that was interrupted.

    Raises `Refused` while a night has begun and not ended, `PersonNeeded` when the engine can't write.
    """
    environment, now = settings.needed(), SystemClock().now()
    with engine(settings.directory, environment, said, begun) as running:
        key = redeploy_to_go_on(running.unfinished())
        if key is None:
            key = new_key(now) + redeploying.MARK
            asked = redeploying.Request(environment=environment, began=now, images=images, version=version, dry=dry)
            running.start("redeploy", key, msgspec.to_builtins(asked))
        done = msgspec.convert(running.wait(key), Report)
    mark_bake(settings)
    return done


def clear(settings: Settings, databases: tuple[str, ...], said: Tell, begun: Tell) -> Report:
    """Let the volumes of retired servers go, once their days are over. Raises `Refused` while anything else runs."""
    environment, now = settings.needed(), SystemClock().now()
    with engine(settings.directory, environment, said, begun) as running:
        key = clear_to_go_on(running.unfinished())
        if key is None:
            key = new_key(now) + clearing.MARK
            asked = clearing.Request(environment=environment, began=now, databases=databases)
            running.start("clear", key, msgspec.to_builtins(asked))
        return msgspec.convert(running.wait(key), Report)


def install(
    settings: Settings, databases: tuple[str, ...], said: Tell, begun: Tell, *, restart: bool, agreed: bool
) -> Report:
    """Give databases the plugin, or go on with it when interrupted. Raises `Refused` while anything else runs."""
    environment, now = settings.needed(), SystemClock().now()
    with engine(settings.directory, environment, said, begun) as running:
        key = installation_to_go_on(running.unfinished())
        if key is None:
            key = new_key(now) + installing.MARK
            asked = installing.Request(
                environment=environment, began=now, databases=databases, restart=restart, agreed=agreed
            )
            running.start("plugin", key, msgspec.to_builtins(asked))
        return msgspec.convert(running.wait(key), Report)


def bake(settings: Settings, said: Tell, begun: Tell, *, back: str = "", over: bool = False) -> Report:
    """Watch the open bake to its end; or go `back` for a reason, or end it since it is `over`, at once.

    Raises `Refused` when there is none.
    """
    environment, now = settings.needed(), SystemClock().now()
    found = open_bake(settings)
    if found is None:
        raise Refused("no bake is open", "`dco history` lists what was done")
    with engine(settings.directory, environment, said, begun) as running:
        word = back or over
        watches = [one for one in running.unfinished() if one.key.endswith(f"{found.redeploy}{baking.MARK}")]
        if watches and not word:
            if watches[0].elsewhere:
                raise Refused("the bake is watched in another process already", "`dco status` shows it")
            return msgspec.convert(running.wait(watches[0].key), Report)
        key = f"{new_key(now)}-{found.redeploy}{baking.MARK}"
        asked = baking.Request(environment=environment, began=now, redeploy=found.redeploy, back=back, over=over)
        running.start("bake", key, msgspec.to_builtins(asked))
        done = msgspec.convert(running.wait(key), Report)
    mark_bake(settings)
    return done
