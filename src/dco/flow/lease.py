"""Which executor this process is: a numbered slot whose lock the system drops when the process dies.

A process takes the lowest free slot before the engine is launched. A slot that is free although nights of it are
unfinished belonged to a process that died: whoever takes it, or reaps it, resumes them.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dco.model.errors import ConfigurationError

SLOTS = 32


class Lease:
    """A held slot; `name` is the executor's id."""

    def __init__(self, name: str, lock: IO[str]) -> None:
        self.name = name
        self._lock = lock

    def release(self) -> None:
        """Give the slot back."""
        self._lock.close()


def take(directory: Path) -> Lease:
    """Take the lowest free slot. Raises `ConfigurationError` when all are held."""
    for number in range(1, SLOTS + 1):
        lock = _try_lock(_place(directory, f"executor-{number}"))
        if lock is not None:
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            return Lease(f"executor-{number}", lock)
    raise ConfigurationError(
        f"{SLOTS} processes of dco run in this environment already", "end some of them: `dco status` lists the nights"
    )


@contextmanager
def dead(directory: Path, name: str) -> Generator[bool]:
    """Tell whether nobody holds a slot, and keep it so meanwhile."""
    lock = _try_lock(_place(directory, name))
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.close()


def _place(directory: Path, name: str) -> Path:
    place = directory / "executors"
    place.mkdir(parents=True, exist_ok=True)
    return place / f"{name}.lock"


def _try_lock(path: Path) -> IO[str] | None:
    lock = path.open("a", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock
