"""A source as a question, and asking all of them at once, each within its time."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from dco.detect import drift
from dco.detect.stack import Files
from dco.model.change import Change, Status
from dco.model.errors import DcoError, Unreadable
from dco.model.stackplan import StackPlan

TIME_LIMIT_SECONDS = 120.0
"""For a source that has no limit of its own."""


@dataclass(frozen=True)
class Answer:
    """What a source said: its changes, and what planning and recording need beside them."""

    changes: tuple[Change, ...]
    plans: Mapping[str, StackPlan] = field(default_factory=dict[str, StackPlan])
    stacks: Mapping[str, Files] = field(default_factory=dict[str, Files])
    applications: Mapping[str, str] = field(default_factory=dict[str, str])
    """Application → what its image would hold."""


@dataclass(frozen=True)
class Question:
    """A source to ask about a component, and how long it may take."""

    source: str
    component: str
    ask: Callable[[], Answer]
    seconds: float = TIME_LIMIT_SECONDS


def answers(questions: list[Question]) -> list[Answer]:
    """Ask all at once. A thread can't be stopped: one that hangs is left behind, and its source is `unknown`."""
    waiting = [_Asked(question) for question in questions]
    for asked in waiting:
        asked.start()
    return [asked.answer() for asked in waiting]


class _Asked(threading.Thread):
    """A source being asked. A daemon: it never keeps the process from ending."""

    def __init__(self, question: Question) -> None:
        super().__init__(name=question.component, daemon=True)
        self._question = question
        self._end = 0.0
        self._found: Answer | DcoError | Exception | None = None

    def start(self) -> None:
        self._end = time.monotonic() + self._question.seconds
        super().start()

    def run(self) -> None:
        try:
            self._found = self._question.ask()
        except DcoError as error:
            self._found = error
        except Exception as error:  # noqa: BLE001  # the thread's edge: a source's defect must show as `error`
            self._found = error

    def answer(self) -> Answer:
        self.join(max(0.0, self._end - time.monotonic()))
        found = self._found
        if isinstance(found, Answer):
            return found
        if found is None:
            late = Unreadable(f"it did not answer within {self._question.seconds:g} s", "see what it waits for")
            return self._failed(late, Status.UNKNOWN)
        if isinstance(found, DcoError):
            return self._failed(found, Status.UNKNOWN if isinstance(found, Unreadable) else Status.ERROR)
        defect = DcoError(f"it stumbled: {type(found).__name__}: {found}", "this is a defect of dco: report it")
        return self._failed(defect, Status.ERROR)

    def _failed(self, error: DcoError, status: Status) -> Answer:
        failed = drift.failed(self._question.component, error, status)
        return Answer((msgspec.structs.replace(failed, source=self._question.source),))
