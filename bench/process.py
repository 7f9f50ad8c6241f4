"""Figures of processes: help, the idle service, the engine's steps."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from measuring import Figure, figure, seconds

BIN = Path(sys.executable).parent
STEPS = 200
_STEPS = """
import sys, time
from pathlib import Path
from dco.flow.engine import Engine

def story(steps, key, request):
    began = time.monotonic()
    for number in range(int(sys.argv[2])):
        steps.run(f"step {number}", int, lambda: 1)
    return {"ms": (time.monotonic() - began) * 1000 / int(sys.argv[2])}

with Engine(Path(sys.argv[1]), {"night": story}) as engine:
    engine.start("night", "n", {})
    print(engine.wait("n")["ms"])
"""


def figures() -> Iterator[Figure]:
    """Yield every figure that needs no world."""
    yield help_seconds()
    yield engine_step_ms()


def help_seconds() -> Figure:
    """`dco --help`, from the shell's prompt to the shell's prompt."""
    values = [
        seconds(lambda: subprocess.run([BIN / "dco", "--help"], check=True, capture_output=True)) for _ in range(11)
    ]
    return figure("help_seconds", "s", values[1:], "≤ 0.3")


def engine_step_ms() -> Figure:
    """What the engine adds to a step: the mean of 200 steps that do nothing, each stored before the next."""
    values: list[float] = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as place:
            command = [sys.executable, "-c", _STEPS, place, str(STEPS)]
            values.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return figure("engine_step_ms", "ms", values, "≤ 15")


def serve_memory_mb(directory: Path) -> Figure:
    """Resident memory of `dco serve` that waits for its next night, in a world's repository."""
    values: list[float] = []
    for _ in range(3):
        with subprocess.Popen([BIN / "dco", "-C", directory, "serve"], stdout=subprocess.DEVNULL) as service:
            time.sleep(3)
            values.append(psutil.Process(service.pid).memory_info().rss / 2**20)
            service.terminate()
    return figure("serve_memory_mb", "MB", values, "≤ 150")
