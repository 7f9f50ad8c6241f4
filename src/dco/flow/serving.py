"""The schedule as a service: starts each night as a process of its own, and starts it again when it dies.

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
    while not ended:
        due = next_due(environment.schedule, last)
        if due > datetime.now(UTC):
            time.sleep(POLL_SECONDS)
            continue
        # one night makes up for however many were missed
        last = _note(own, datetime.now(UTC))
        tell(f"{last}: a night is due since {due.isoformat()}")
        _run(directory, ended, tell)


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
