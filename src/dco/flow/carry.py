"""Carries out a plan, step by step; on failure takes back what was done, newest first.

One generic loop, so that a test can enumerate every boundary of every plan. The journal has a step, with all that its
undo needs, before the step begins.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from dco.flow.steps import Steps
from dco.model.errors import DcoError, PersonNeeded
from dco.model.outcome import StepRecord
from dco.model.plan import Plan, Step
from dco.operations.operation import Operation
from dco.seams.clock import Clock
from dco.seams.journal import Journal


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A step that may have changed something: what its undo needs."""

    step: Step
    before: dict[str, Any]
    token: str


def agreed(step: Step) -> None:
    """Let every step begin."""
    del step


class Carrier:
    """Carries one plan of one night. `hold` is asked before each step and returns when it may begin, or raises."""

    def __init__(
        self,
        night: str,
        operations: Mapping[str, Operation],
        journal: Journal,
        clock: Clock,
        hold: Callable[[], None],
    ) -> None:
        self._night = night
        self._operations = operations
        self._journal = journal
        self._clock = clock
        self._hold = hold
        self._begun: list[Begun] = []
        self.done: dict[str, Any] = {}
        """What each finished step returned, by its name."""
        self.records: list[StepRecord] = []

    @property
    def untouched(self) -> bool:
        """Tell whether no step has begun: there is nothing to go back from."""
        return not self._begun

    def forward(self, steps: Steps, plan: Plan, agree: Callable[[Step], None] = agreed) -> None:
        """Do every step of the plan. Raises the first step's error that failed; `back` then undoes.

        `agree` is asked before each step is begun, outside of any step of the engine, and raises what forbids it.
        """
        for step in plan.steps:
            agree(step)
            self._do(steps, step, f"{self._night}/{len(self._begun) + 1}")

    def _do(self, steps: Steps, step: Step, token: str) -> None:
        operation = self._operations[step.operation]
        began = steps.run(f"hold {step.name}", float, self._held)
        before = steps.run(f"check {step.name}", dict[str, Any], lambda: operation.check(step, self.done))
        steps.run(f"journal {step.name}", bool, lambda: self._written(step, before, token))
        self._begun.append(Begun(step=step, before=before, token=token))
        try:
            begun = steps.run(f"start {step.name}", dict[str, Any], lambda: operation.start(step, before, token))
            self.done[step.name] = steps.run(
                f"complete {step.name}", dict[str, Any], lambda: operation.complete(step, before, begun)
            )
        except DcoError as error:
            self.records.append(StepRecord(name=step.name, state="failed", seconds=0, detail=error.what))
            raise
        ended = steps.run(f"done {step.name}", float, lambda: self._finished(step, token))
        self.records.append(StepRecord(name=step.name, state="done", seconds=round(max(ended - began, 0), 1)))

    def back(self, steps: Steps) -> None:
        """Undo every step that was begun, newest first; go on when one fails, and raise `PersonNeeded` at the end."""
        failed: list[str] = []
        for begun in reversed(self._begun):
            operation = self._operations[begun.step.operation]

            def undo(begun: Begun = begun, operation: Operation = operation) -> bool:
                operation.undo(begun.step, begun.before, begun.token)
                sentence = f"{begun.step.name} is undone: {begun.step.undo}"
                self._journal.write(self._night, "undone", sentence, f"{begun.token}/undone")
                return True

            try:
                steps.run(f"undo {begun.step.name}", bool, undo)
                self.records.append(StepRecord(name=begun.step.name, state="undone", seconds=0))
            except DcoError as error:
                failed.append(f"{begun.step.name}: {error.what}")
                self.records.append(
                    StepRecord(name=begun.step.name, state="failed", seconds=0, detail=f"undo: {error.what}")
                )
        if failed:
            raise PersonNeeded(
                "going back failed at " + "; ".join(failed),
                f"`dco journal --night {self._night}` has each step's undo and all that it needs",
            )

    def _held(self) -> float:
        self._hold()
        return self._clock.seconds()

    def _written(self, step: Step, before: dict[str, Any], token: str) -> bool:
        undo = step.undo or "there is no way back from it"
        facts = {"step": msgspec.to_builtins(step), "before": before, "token": token}
        self._journal.write(self._night, "step", f"{step.name}: {step.reason}. Undo: {undo}", token, facts)
        return True

    def _finished(self, step: Step, token: str) -> float:
        facts = {"facts": self.done[step.name]}
        self._journal.write(self._night, "done", f"{step.name} is done", f"{token}/done", facts)
        return self._clock.seconds()
