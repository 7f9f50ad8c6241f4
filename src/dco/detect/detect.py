"""Asks every source at once, each within its time, and puts the answers together."""

from concurrent.futures import Future
from functools import partial

import msgspec

from dco.detect import application, drift, external, host_inputs, stack, surroundings, workflow
from dco.detect.question import TIME_LIMIT_SECONDS, Answer, Question, answers
from dco.detect.stack import Files
from dco.detect.telling import readable
from dco.model.change import ChangeSet
from dco.model.environment import Environment
from dco.model.errors import DcoError, Unreadable
from dco.model.look import Contents, Look
from dco.model.release import Release
from dco.model.stackplan import InUse, StackPlan
from dco.seams.outside import Outside
from dco.seams.source import Source


def detect(environment: Environment, outside: Outside, released: Release, revision: str) -> Look:
    """Look at everything: files, stacks and what runs. A source that fails is `error` or `unknown`, never quiet."""
    questions = [*_of_files(environment, outside.source, released, revision)]
    states: dict[str, Future[tuple[InUse, ...]]] = {name: Future() for name in environment.stacks}
    questions += [_of_stack(name, environment, outside, released, revision, states[name]) for name in states]
    questions += _of_what_runs(environment, outside, released)
    questions += external.questions(environment, outside, revision, states)
    found = answers(questions)
    if environment.drift is not None and environment.drift.history:
        found = surroundings.with_history(found, environment, outside.surroundings, released.at)
    return _look(environment, found, outside.clock.now(), outside.source, revision)


def detect_offline(environment: Environment, source: Source, released: Release, revision: str, at: str) -> Look:
    """Judge by the files alone; what runs and what Terraform would do is not looked at."""

    def ask(name: str) -> Answer:
        files = _files(name, environment, source, released, revision)
        change = stack.compare_files(name, files, released.stacks.get(name))
        return Answer((change,), stacks={} if isinstance(files, DcoError) else {name: files})

    questions = [*_of_files(environment, source, released, revision)]
    questions += [Question("stack", f"stack:{name}", partial(ask, name)) for name in environment.stacks]
    return _look(environment, answers(questions), at, source, revision)


def _of_files(environment: Environment, source: Source, released: Release, revision: str) -> list[Question]:
    def ask(name: str) -> Answer:
        said = application.detect(name, environment.applications[name], released, source, revision)
        return Answer((said.change,), applications={name: said.content} if said.content else {})

    source.files(revision)  # read once, before the sources ask for it all at the same time
    questions = [
        Question("application", f"application:{name}", partial(ask, name)) for name in environment.applications
    ]
    ask_workflows = partial(workflow.detect, environment.workflows, released, source, revision)
    return [*questions, Question("workflow", "workflow:all", lambda: Answer(ask_workflows()))]


def _of_stack(  # it compares two sides, and tells a third
    name: str,
    environment: Environment,
    outside: Outside,
    released: Release,
    revision: str,
    state: "Future[tuple[InUse, ...]]",
) -> Question:
    configured = environment.stacks[name]

    def ask() -> Answer:
        files = _files(name, environment, outside.source, released, revision)
        place = outside.directory / "detect" / name
        try:
            host_inputs.check(name, configured, environment.workflows, outside.source, revision)
            planned = stack.plan(configured, outside.stacks, outside.source, revision, place)
        except DcoError as error:
            state.set_exception(error)
            return Answer(stack.compare(name, files, error, released.stacks.get(name)))
        _tell(state, planned)
        planned = msgspec.structs.replace(planned, in_use=None)
        changes = stack.compare(name, files, planned, released.stacks.get(name))
        read = {} if isinstance(files, DcoError) else {name: files}
        return Answer(changes, {name: planned} if planned.changed else {}, read)

    return Question("stack", f"stack:{name}", ask, configured.time_limit_seconds + TIME_LIMIT_SECONDS)


def _tell(state: "Future[tuple[InUse, ...]]", planned: StackPlan) -> None:
    if planned.in_use is None:
        state.set_exception(Unreadable("its state is not in its plan"))
    else:
        state.set_result(planned.in_use)


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

    def ask_surroundings() -> Answer:
        now = outside.surroundings.facts(surroundings.wanted(environment, released))
        return Answer(surroundings.compare(released.surroundings, now))

    if environment.databases:
        questions.append(Question("drift", "drift:databases", ask_databases))
    if environment.drift is not None and environment.drift.surroundings:
        questions.append(Question("drift", "drift:surroundings", ask_surroundings))
    return questions


def _look(environment: Environment, found: list[Answer], at: str, source: Source, revision: str) -> Look:
    changes = [
        readable(msgspec.structs.replace(change, checked_at=at)) for answer in found for change in answer.changes
    ]
    stacks = {name: files for answer in found for name, files in answer.stacks.items()}
    applications = {name: content for answer in found for name, content in answer.applications.items()}
    workflows = workflow.read(environment.workflows, source, revision)
    contents = Contents(
        applications=applications,
        stacks={name: files.content for name, files in stacks.items()},
        inputs={name: files.inputs for name, files in stacks.items()},
        workflows={path: value for path, value in workflows.items() if isinstance(value, str)},
    )
    plans = {name: plan for answer in found for name, plan in answer.plans.items()}
    return Look(changes=ChangeSet(tuple(changes)), contents=contents, plans=plans)
