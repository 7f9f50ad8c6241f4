"""`dco-stream run`."""

import contextlib
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import click

from dco_stream import config
from dco_stream.service import serve
from dco_stream.state import iso


@click.command()
@click.pass_obj
def command(path: Path) -> None:
    """Keep each database's log in the bucket, carry it to a follower while there is one, take copies, prune.

    \b
    Ends in order on SIGTERM, and may be killed at any time. Example: dco-stream -c stream.toml run
    """
    settings = config.read(path)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ending.set())
    serve(settings, log, ending)


def log(sentence: str) -> None:
    """Write a line of the service's log; a disk that is full must not keep it from its work."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{iso(datetime.now(UTC))} {sentence}\n")
        sys.stdout.flush()
