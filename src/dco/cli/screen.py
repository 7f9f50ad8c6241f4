"""What a person sees: a present-tense line per stage, refusals in red with the way out, the total time last."""

import os
import signal
import sys
import time
from types import TracebackType
from typing import Any, NoReturn, Self

import click
import msgspec

from dco.model.errors import DcoError
from dco.model.finding import Finding, Mark
from dco.model.outcome import Outcome, Report

LAST_LINES = 4
"""Of a task's log on the screen; `dco explain` and `--json` have more."""
COLOURS = {
    Outcome.QUIET: "green",
    Outcome.OBSERVED: "green",
    Outcome.DEPLOYED: "green",
    Outcome.ROLLED_BACK: "yellow",
}


def fail(error: DcoError) -> int:
    """Print an error as `Error:` and `Try:`; return its exit code."""
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {error.what}", err=True)
    if error.remedy:
        click.echo(f"{click.style('Try:', bold=True)}   {error.remedy}", err=True)
    return error.exit_code


def as_json(value: object) -> None:
    """Print a value as JSON, for machines."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


INTERRUPTED = 130
"""The exit code by which shells tell of SIGINT."""


class Progress:
    """A line for each sentence, and on a terminal what is being done now with its seconds.

    A person who interrupts a `durable` command, which goes on after a kill, is told so, and it ends right there: its
    threads may wait for people for hours.
    """

    def __init__(self, *, machine: bool = False, durable: bool = False) -> None:
        """Print to standard error when standard output is for a machine."""
        self._durable = durable
        self._file = sys.stderr if machine else sys.stdout
        self._status: Any = None
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._durable:
            signal.signal(signal.SIGINT, self._interrupted)
        if self._file.isatty():
            from rich.console import Console  # noqa: PLC0415  # only a terminal pays for it

            self._status = Console(file=self._file).status("starting")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, sentence: str) -> None:
        """Print a sentence with the time since the start."""
        kind, _, text = sentence.partition(": ")
        seconds = time.monotonic() - self._began
        head, *rest = text.splitlines() or [""]
        click.echo(f"{seconds:7.1f}s  {click.style(f'{kind:9}', bold=True)} {head}", file=self._file)
        for line in rest:
            click.echo(f"{'':20}{line}", file=self._file)

    def doing(self, name: str) -> None:
        """Show on a terminal what is being done."""
        if self._status is not None:
            self._status.update(f"{name} …")

    def _interrupted(self, *_: object) -> NoReturn:
        if self._status is not None:
            # it has hidden the cursor
            self._status.stop()
        click.echo("\nInterrupted. What was begun goes on when the same command is called again.", file=sys.stderr)
        leave(INTERRUPTED)


def findings(found: tuple[Finding, ...]) -> None:
    """Print each finding with OK, NG or SKIP, and the remedy of what is not good."""
    colours = {Mark.OK: "green", Mark.NG: "red", Mark.SKIP: "yellow"}
    for finding in found:
        mark = click.style(f"{finding.mark:4}", fg=colours[finding.mark], bold=True)
        click.echo(f"{mark}  {finding.what}: {finding.detail}")
        if finding.mark is Mark.NG and finding.remedy:
            click.echo(f"      {finding.remedy}")


def report(done: Report, seconds: float) -> None:
    """Print how a night ended, and how long it took where that is known."""
    colour = COLOURS.get(done.outcome, "red")
    head, *rest = done.sentence.splitlines()
    click.echo(f"\n{click.style(done.outcome.upper(), fg=colour, bold=True)}  {head}")
    for line in (*rest[-LAST_LINES:], *done.remedy.splitlines()):
        click.echo(f"    {line}")
    for name, image in done.serves.items():
        click.echo(f"    {name} serves {image[:19]}")
    total = f", {seconds:.1f} s in all" if seconds else ""
    click.echo(f"    night {done.night}, exit {done.outcome.exit_code}{total}")
    if done.redeploy:
        report(done.redeploy, 0)


def leave(code: int) -> NoReturn:
    """End the process at once: all is durable, and threads of libraries would take a quarter second to wind down."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
