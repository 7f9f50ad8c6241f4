"""Steps that wait while the outside can't be asked: an outage of seconds is no reason to go back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from dco.flow.steps import Steps
from dco.flow.tonight import Tonight
from dco.model.errors import Unreadable
from dco.seams.clock import Clock

T = TypeVar("T")
PATIENCE_SECONDS = 30.0
"""So long a step is tried again, beyond what each call to AWS tries by itself."""
LONGEST_PAUSE = 5.0


@dataclass(frozen=True)
class PatientSteps:
    """Implements `Steps` over others: work that could not ask is done again, inside of its one step."""

    steps: Steps
    clock: Clock

    def run(self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """Run a step; every step may run twice, so trying again is as safe as going on after a kill."""
        return self.steps.run(name, kind, lambda: self._patiently(work))

    def _patiently(self, work: Callable[[], T]) -> T:
        deadline = self.clock.seconds() + PATIENCE_SECONDS
        pause = 0.5
        while True:
            try:
                return work()
            except Unreadable:
                if self.clock.seconds() + pause > deadline:
                    raise
            self.clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def patient(tonight: Tonight) -> Tonight:
    """Return the night with patient steps."""
    return replace(tonight, steps=PatientSteps(tonight.steps, tonight.outside.clock))
