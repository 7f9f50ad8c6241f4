"""The schedule as a service: starts each night as a process of its own, and starts it again when it dies.

The bake of a redeploy is watched by a process beside it, so that no night waits for it.

It imports neither the engine nor AWS, so it stays small and nothing of theirs can harm it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from dco.flow import open_bake
from dco.flow.due import next_due
from dco.flow.unfinished import marked
from dco.model.environment import Environment

POLL_SECONDS = 0.5
RESTARTS = 5


def serve(directory: Path, environment: Environment, tell: Callable[[str], None]) -> None:
    """Run nights when they are due, until told to end by SIGTERM or SIGINT."""
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: ended.append(got))
    own = (directory / environment.state.directory).resolve()
    last = _last(own)
    tell(f"serves {environment.name}: {environment.schedule.cron} {environment.schedule.time_zone}")
    if marked(own):
        tell("goes on with the night that was interrupted")
        _run(directory, ended, tell)
    bake = Bake(directory, own)
    while not ended:
        bake.see_to()
        due = next_due(environment.schedule, last)
        if due > datetime.now(UTC):
            time.sleep(POLL_SECONDS)
            continue
        # one night makes up for however many were missed
        last = _note(own, datetime.now(UTC))
        tell(f"{last}: a night is due since {due.isoformat()}")
        _run(directory, ended, tell)
    bake.end()


def _run(directory: Path, ended: list[int], tell: Callable[[str], None]) -> None:
    """Run a night to its end; a process that was killed is started again, and goes on where it stopped."""
    for _ in range(RESTARTS):
        night = subprocess.Popen([sys.executable, "-m", "dco", "-C", str(directory), "run"])
        while night.poll() is None:
            if ended:
                # the night goes on when the service is started again
                night.send_signal(signal.SIGTERM)
                night.wait()
                return
            time.sleep(POLL_SECONDS)
        if night.returncode >= 0:
            tell(f"the night ended with exit code {night.returncode}")
            return
        tell(f"the night's process was killed by signal {-night.returncode}: it is started again")


class Bake:
    """The process that watches a bake, while one is open here."""

    def __init__(self, directory: Path, own: Path) -> None:
        self._directory = directory
        self._own = own
        self._watched: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def see_to(self) -> None:
        """Start it once for each bake, and again when it was killed; one that ended by itself has said why."""
        open_one = open_bake.marked(self._own)
        if open_one is None or (open_one == self._watched and not self._was_killed()):
            return
        self._watched = open_one
        self._process = subprocess.Popen([sys.executable, "-m", "dco", "-C", str(self._directory), "bake"])

    def end(self) -> None:
        """Stop it; it goes on when the service is started again."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()

    def _was_killed(self) -> bool:
        return self._process is not None and (self._process.poll() or 0) < 0


def _last(own: Path) -> str:
    """Return when the last night was due, or now when there was none: a first start makes up for nothing."""
    file = own / "serve.json"
    if file.exists():
        return str(json.loads(file.read_text())["last"])
    return _note(own, datetime.now(UTC))


def _note(own: Path, due: datetime) -> str:
    own.mkdir(parents=True, exist_ok=True)
    text = due.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    new = own / "serve.json.new"
    new.write_text(json.dumps({"last": text, "pid": os.getpid()}))
    new.replace(own / "serve.json")
    return text
