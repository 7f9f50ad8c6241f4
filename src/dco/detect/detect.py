"""Asks every source at once, each within its time, and puts the answers together."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec

from dco.detect import application, drift, stack, workflow
from dco.detect.stack import Files
from dco.model.change import Change, ChangeSet, Status
from dco.model.environment import Environment
from dco.model.errors import DcoError, Unreadable
from dco.model.look import Contents, Look
from dco.model.release import Release
from dco.model.stackplan import StackPlan
from dco.seams.outside import Outside
from dco.seams.source import Source

TIME_LIMIT_SECONDS = 120.0
"""For a source that has no limit of its own."""


@dataclass(frozen=True)
class Answer:
    """What a source said: its changes, and what planning and recording need beside them."""

    changes: tuple[Change, ...]
    plans: Mapping[str, StackPlan] = field(default_factory=dict[str, StackPlan])
    stacks: Mapping[str, Files] = field(default_factory=dict[str, Files])


@dataclass(frozen=True)
class Question:
    """A source to ask about a component, and how long it may take."""

    source: str
    component: str
    ask: Callable[[], Answer]
    seconds: float = TIME_LIMIT_SECONDS


def detect(environment: Environment, outside: Outside, released: Release, revision: str) -> Look:
    """Look at everything: files, stacks and what runs. A source that fails is `error` or `unknown`, never quiet."""
    questions = [*_of_files(environment, outside.source, released, revision)]
    questions += [_of_stack(name, environment, outside, released, revision) for name in environment.stacks]
    questions += _of_what_runs(environment, outside, released)
    return _look(environment, released, _answers(questions), outside.clock.now(), outside.source, revision)


def detect_offline(environment: Environment, source: Source, released: Release, revision: str, at: str) -> Look:
    """Judge by the files alone; what runs and what Terraform would do is not looked at."""

    def ask(name: str) -> Answer:
        files = _files(name, environment, source, released, revision)
        change = stack.compare_files(name, files, released.stacks.get(name))
        return Answer((change,), stacks={} if isinstance(files, DcoError) else {name: files})

    questions = [*_of_files(environment, source, released, revision)]
    questions += [Question("stack", f"stack:{name}", partial(ask, name)) for name in environment.stacks]
    return _look(environment, released, _answers(questions), at, source, revision)


def _of_files(environment: Environment, source: Source, released: Release, revision: str) -> list[Question]:
    def ask(name: str) -> Answer:
        return Answer(application.detect(name, environment.applications[name], released, source, revision))

    source.files(revision)  # read once, before the sources ask for it all at the same time
    questions = [
        Question("application", f"application:{name}", partial(ask, name)) for name in environment.applications
    ]
    ask_workflows = partial(workflow.detect, environment.workflows, released, source, revision)
    return [*questions, Question("workflow", "workflow:all", lambda: Answer(ask_workflows()))]


def _of_stack(name: str, environment: Environment, outside: Outside, released: Release, revision: str) -> Question:
    configured = environment.stacks[name]

    def ask() -> Answer:
        files = _files(name, environment, outside.source, released, revision)
        place = outside.directory / "detect" / name
        try:
            planned = stack.plan(configured, outside.stacks, outside.source, revision, place)
        except DcoError as error:
            return Answer(stack.compare(name, files, error, released.stacks.get(name)))
        changes = stack.compare(name, files, planned, released.stacks.get(name))
        read = {} if isinstance(files, DcoError) else {name: files}
        return Answer(changes, {name: planned} if planned.changed else {}, read)

    return Question("stack", f"stack:{name}", ask, configured.time_limit_seconds + TIME_LIMIT_SECONDS)


def _files(name: str, environment: Environment, source: Source, released: Release, revision: str) -> Files | DcoError:
    try:
        return stack.read_files(name, environment.stacks[name], released, source, revision)
    except DcoError as error:
        return error


def _of_what_runs(environment: Environment, outside: Outside, released: Release) -> list[Question]:
    def ask(name: str) -> Answer:
        configured = environment.applications[name]
        return Answer(drift.of_application(name, configured, released, outside.services, outside.parameters))

    def ask_databases() -> Answer:
        return Answer(drift.of_databases(environment, released, outside.parameters))

    questions = [
        Question("drift", f"drift:application/{name}", partial(ask, name)) for name in environment.applications
    ]
    if environment.databases:
        questions.append(Question("drift", "drift:databases", ask_databases))
    return questions


def _answers(questions: list[Question]) -> list[Answer]:
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
        self._found: Answer | DcoError | Exception | None = None

    def run(self) -> None:
        try:
            self._found = self._question.ask()
        except DcoError as error:
            self._found = error
        except Exception as error:  # noqa: BLE001  # the thread's edge: a source's defect must show as `error`
            self._found = error

    def answer(self) -> Answer:
        self.join(self._question.seconds)
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


def _look(  # it puts them together
    environment: Environment, released: Release, answers: list[Answer], at: str, source: Source, revision: str
) -> Look:
    changes = [msgspec.structs.replace(change, checked_at=at) for answer in answers for change in answer.changes]
    stacks = {name: files for answer in answers for name, files in answer.stacks.items()}
    applications = {
        change.name: change.available or released.applications[change.name].content
        for change in changes
        if change.source == "application" and change.status in (Status.CHANGED, Status.UNCHANGED)
    }
    workflows = workflow.read(environment.workflows, source, revision)
    contents = Contents(
        applications=applications,
        stacks={name: files.content for name, files in stacks.items()},
        inputs={name: files.inputs for name, files in stacks.items()},
        workflows={path: value for path, value in workflows.items() if isinstance(value, str)},
    )
    plans = {name: plan for answer in answers for name, plan in answer.plans.items()}
    return Look(changes=ChangeSet(tuple(changes)), contents=contents, plans=plans)
