"""Neo4j's own programs, run to their end or for a while."""

import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

STOP_SECONDS = 60
SAID_SECONDS = 2.0
LAST_LINES = 3
Say = Callable[[str], None]


@contextmanager
def running(command: list[str], environment: Mapping[str, str], log: Path) -> Generator[subprocess.Popen[bytes]]:
    """Run a program that writes to a file; whatever happens, it has ended afterwards."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(command: list[str], environment: Mapping[str, str], log: Path, say: Say, what: str) -> int:
    """Run a program to its end, tell every while what it does, and return its exit code."""
    began = time.monotonic()
    with running(command, environment, log) as process:
        while True:
            try:
                return process.wait(SAID_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"{what}, {time.monotonic() - began:.0f} s")


def last_lines(log: Path, count: int = LAST_LINES) -> str:
    """Give the last lines that a program wrote, for an error's sentence."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-count:]) or "it says nothing"
