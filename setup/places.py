"""Where set-up puts things: the clone's own environment, and the cache that all clones and worlds share."""

import os
from pathlib import Path

SETUP = Path(__file__).resolve().parent
PROJECT = SETUP.parent
ENVIRONMENT = PROJECT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"


def cache() -> Path:
    """Say where the cache is; the same rule as `dco_sandbox.cache.root`, which can't be imported yet."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "dco"


def stamp(name: str) -> Path:
    """Say where the stamp of a step in the cache is."""
    return cache() / "stamps" / name


def workshop(name: str) -> Path:
    """Say where a step in the cache does its unfinished work: apart, since two steps may run at a time."""
    return cache() / "unfinished" / name
