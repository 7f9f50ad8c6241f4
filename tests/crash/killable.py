"""`dco run` that notes every boundary it passes and kills itself at those it is told to.

    python killable.py REPOSITORY PLACE

PLACE/told holds a JSON list of patterns; at a boundary that matches one, and that is not in PLACE/killed yet, it is
noted there and the process kills itself. PLACE/passed gets every boundary, a line each. A boundary is
`step: STEP#N before`, `step: STEP#N after` (its result is not stored yet), or `KIND: STEP#N SERVICE:ACTION#N before`
and `… after` for an AWS call, KIND being `write` or `read`: N counts equal names, so that a resumed night gives the
same names.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from botocore.client import BaseClient

from dco import settings
from dco.flow import engine
from dco.model.errors import DcoError
from dco.wiring import nights

_READS = ("Describe", "List", "Get", "Head", "BatchGet")
_SURELY_ONCE = 3
"""Of equal reads in one step, as in a wait, only so many are boundaries."""


class Boundaries:
    """Where the night stands, and whether it dies there."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._told: list[str] = json.loads((place / "told").read_text())
        self._steps: Counter[str] = Counter()
        self._calls: Counter[str] = Counter()
        self._step = "-"

    def wrap_step(self, name: str, work: Callable[[], Any]) -> Callable[[], Any]:
        """Return a step's work with a boundary before and after it."""
        self._steps[name] += 1
        step = f"{name}#{self._steps[name]}"

        def wrapped() -> Any:
            self._step = step
            self._calls.clear()
            self._pass(f"step: {step} before")
            try:
                return work()
            finally:
                self._pass(f"step: {step} after")
                self._step = "-"

        return wrapped

    def call(self, service: str, action: str, do: Callable[[], Any]) -> Any:
        """Make an AWS call with a boundary before and after it."""
        kind = "read" if action.startswith(_READS) else "write"
        name = f"{service}:{action}"
        self._calls[name] += 1
        if kind == "read" and self._calls[name] > _SURELY_ONCE:
            return do()
        call = f"{kind}: {self._step} {name}#{self._calls[name]}"
        self._pass(f"{call} before")
        done = do()
        self._pass(f"{call} after")
        return done

    def _pass(self, boundary: str) -> None:
        _note(self._place / "passed", boundary)
        killed = self._place / "killed"
        known = killed.read_text().splitlines() if killed.exists() else []
        if boundary not in known and any(fnmatchcase(boundary, pattern) for pattern in self._told):
            _note(killed, boundary)
            os.kill(os.getpid(), signal.SIGKILL)


def _note(file: Path, line: str) -> None:
    with file.open("a") as out:
        out.write(line + "\n")


def patch(boundaries: Boundaries) -> None:
    """Put the boundaries around every step and every AWS call of this process."""
    run_step: Any = engine._DurableSteps.run
    make_call: Any = BaseClient._make_api_call  # pyright: ignore[reportAttributeAccessIssue]

    def run(self: Any, name: str, kind: type[Any], work: Callable[[], Any]) -> Any:
        return run_step(self, name, kind, boundaries.wrap_step(name, work))

    def call(self: Any, action: str, arguments: Any) -> Any:
        service = str(self.meta.service_model.service_name)

        def make() -> Any:
            return make_call(self, action, arguments)

        return boundaries.call(service, action, make)

    engine._DurableSteps.run = run  # type: ignore[method-assign]
    BaseClient._make_api_call = call  # pyright: ignore[reportAttributeAccessIssue]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run a night as `dco run` does."""
    repository, place = Path(sys.argv[1]), Path(sys.argv[2])
    patch(Boundaries(place))
    try:
        done = nights.run(settings.read(repository), _say, lambda _: None)
    except DcoError as error:
        _say(f"Error: {error.what}\nTry: {error.remedy}")
        return error.exit_code
    _say(f"{done.outcome} {done.sentence}")
    return done.outcome.exit_code


if __name__ == "__main__":
    sys.exit(main())
