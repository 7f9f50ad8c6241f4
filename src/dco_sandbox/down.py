"""The end of a world: every process stopped, and, only when asked for, what `up` made deleted."""

import shutil

from dco_sandbox import daemon, world
from dco_sandbox.server import processes_of
from dco_sandbox.world import World

_GRACE_SECONDS = 10.0
_OWN = ("repo", "aws", "dco", "sandbox", "terraform.rc", "env.sh", "world.json")


def bring_down(of: World) -> list[str]:
    """Stop everything that runs for a world, the daemon first so that it starts nothing again; return the names."""
    running = [child.name for name in processes_of(of).names() if (child := processes_of(of).find(name))]
    daemon.stop(of)
    processes_of(of).stop_all(_GRACE_SECONDS)
    daemon.sweep(of)
    _power_off(of)
    return running


def _power_off(of: World) -> None:
    """Let the machines take the next `up` for a boot: without it, a unit that ended politely would stay ended."""
    for boot in of.sandbox.glob("machines/*/run/boot_id"):
        boot.unlink()


def delete(of: World) -> None:
    """Delete what `up` made in the world's directory, and the directory if nothing else is in it."""
    for name in _OWN:
        path = of.directory / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    world.forget(of)
    if not any(of.directory.iterdir()):
        of.directory.rmdir()
