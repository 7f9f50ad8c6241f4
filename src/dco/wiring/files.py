"""Looking at files alone: nothing of AWS is imported, so that it is quick and works anywhere."""

from pathlib import Path

from dco.flow import offline
from dco.model.look import Compared
from dco.providers.clock import SystemClock
from dco.providers.git import GitSource
from dco.settings import FILE, read

_OWN = ".dco"


def see(directory: Path, since: str | None, until: str | None) -> Compared:
    """Compare the files of two commits, as dco.toml names their parts; without one by looking."""
    configured = read(directory).needed() if (directory / FILE).exists() else None
    own = configured.state.directory if configured else _OWN
    return offline.look(configured, GitSource(directory, ignore=(own,)), since, until, SystemClock().now())
