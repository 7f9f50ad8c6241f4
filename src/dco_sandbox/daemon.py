"""Starts, finds and stops the daemon of a world, from outside it."""

import os
import sys
import time

from dco_sandbox import access
from dco_sandbox.processes import Child, Processes
from dco_sandbox.world import World, WorldError

_NAME = "daemon"
_PATIENCE_SECONDS = 60.0
_LAST_LINES = 15


def start(world: World, *, validate: bool = False) -> Child:
    """Start the daemon unless it runs, and return when it answers; `WorldError` with its log's end if it can't."""
    own = _own_processes(world)
    argv = [sys.executable, "-m", "dco_sandbox.server", str(world.directory), *(["--validate"] if validate else [])]
    child = own.start(_NAME, argv, env=os.environ, cwd=world.directory)
    end = time.monotonic() + _PATIENCE_SECONDS
    while not answers(world):
        if not child.alive() or time.monotonic() > end:
            last = "\n".join(child.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
            raise WorldError(f"the daemon of {world.directory} does not serve:\n{last}", f"see {child.log}")
        time.sleep(0.05)
    return child


def find(world: World) -> Child | None:
    """Return the running daemon, None when there is none."""
    return _own_processes(world).find(_NAME)


def answers(world: World) -> bool:
    """Say whether the daemon's control API answers."""
    try:
        access.control(world, "GET", "status")
    except WorldError:
        return False
    return True


def stop(world: World, grace: float = 10.0) -> None:
    """Stop the daemon, and nothing else; the world's processes go on. May be called twice."""
    if child := find(world):
        child.stop(grace)


def sweep(world: World) -> None:
    """Kill what is left of the daemon's own children, however they were started."""
    _own_processes(world).stop_all()


def _own_processes(world: World) -> Processes:
    # Not among the world's processes: those outlive the daemon, and the daemon must not stop itself.
    return Processes(world.sandbox / "daemon", world.sandbox / "logs")
