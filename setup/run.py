"""Set-up as a story: one at a time, system packages first, Python and Neo4j side by side, then what needs both."""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

from setup import (
    java_runtime,
    locks,
    neo4j_classes,
    neo4j_community,
    neo4j_plugin,
    places,
    python_packages,
    steps,
    system_packages,
)
from setup import terraform_command as terraform

REFUSED = 2


def main(arguments: list[str]) -> int:
    """Run set-up, or write the locks anew; give 0, or 2 after saying what is wrong and what to do."""
    signal.signal(signal.SIGTERM, _stop)
    begun = time.monotonic()
    try:
        with alone():
            if arguments == ["lock"]:
                steps.run(python_packages.steps()[:1], say)
                locks.write_all(say)
            _set_up()
    except steps.SetupError as error:
        print(f"Error: {error.what}\nTry: {error.remedy}", file=sys.stderr)
        return REFUSED
    say(f"  {'ready':<28} {time.monotonic() - begun:.1f} s")
    return 0


def say(line: str) -> None:
    """Show a whole line at once, also through a pipe and with two steps speaking."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _stop(*_: object) -> None:
    """Turn SIGTERM into an orderly end, so that what was started is stopped."""
    sys.exit(128 + signal.SIGTERM)


def _set_up() -> None:
    python = [*python_packages.steps(), java_runtime.step()]
    jars = [*neo4j_community.steps(), neo4j_plugin.compiler()]
    made = {"python_is_made": python[0].done(), "jars_are_made": all(step.done() for step in jars)}
    system_packages.install(system_packages.needed(**made), say)
    with ThreadPoolExecutor(1) as beside:
        fetching = beside.submit(steps.run, jars, say)
        steps.run(python, say)
        fetching.result()
    steps.run([terraform.step(), *neo4j_classes.steps(), *neo4j_plugin.steps()], say)


@contextlib.contextmanager
def alone() -> Generator[None]:
    """Hold the cache's lock; it falls with this process, however that ends."""
    places.cache().mkdir(parents=True, exist_ok=True)
    with (places.cache() / "setup.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            say(f"  waiting for another set-up   (process {lock.read().strip() or 'unknown'})")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        steps.sweep(places.cache() / "unfinished")
        yield
