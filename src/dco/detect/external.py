"""The sources outside of the repository as questions; only those that `dco.toml` configures are asked."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial

from dco.detect import aws_offerings, end_of_life, libraries, machine_images, neo4j_versions, pins
from dco.detect.question import TIME_LIMIT_SECONDS, Answer, Question
from dco.model.change import Change
from dco.model.environment import Environment
from dco.model.errors import DcoError, Unreadable
from dco.model.stackplan import InUse
from dco.model.watching import AwsOfferings, EndOfLife, Neo4jVersions, Pins
from dco.seams.outside import Outside

States = Mapping[str, "Future[tuple[InUse, ...]]"]
"""Stack → what stands in its state, as soon as source `stack` has planned it."""
_SLACK_SECONDS = 5.0
"""So much later a source as a whole is given up: what it found in time is kept that way."""


def questions(environment: Environment, outside: Outside, revision: str, states: States) -> Iterator[Question]:
    """Yield a question for each configured source, or for each of its components."""
    watched = environment.watched
    if "images" in watched:
        yield from _images(environment, outside)
    if "neo4j" in watched and environment.neo4j is not None:
        yield from _neo4j(environment.neo4j, environment, outside)
    if "libraries" in watched:
        yield from _libraries(environment, outside, revision)
    if "pins" in watched and environment.pins is not None:
        yield _pins(environment.pins, environment, outside, revision)
    if "aws_offerings" in watched and environment.aws_offerings is not None:
        yield _aws_offerings(environment.aws_offerings, environment, outside, states)
    if "end_of_life" in watched and environment.end_of_life is not None:
        yield _end_of_life(environment.end_of_life, environment, outside, revision)


def _question(source: str, component: str, seconds: float, ask: Callable[[], tuple[Change, ...]]) -> Question:
    return Question(source, component, lambda: Answer(ask()), seconds + _SLACK_SECONDS)


def _images(environment: Environment, outside: Outside) -> Iterator[Question]:
    seconds = environment.sources.images.source_seconds
    for name, wish in environment.images.items():
        now = outside.clock.now()
        ask = partial(machine_images.detect, name, wish, environment, outside.fleet, outside.parameters, now)
        yield _question("images", machine_images.component(name, wish), seconds, ask)


def _neo4j(wish: Neo4jVersions, environment: Environment, outside: Outside) -> Iterator[Question]:
    seconds = environment.sources.neo4j.source_seconds
    for name, database in environment.databases.items():
        now = outside.clock.now()
        ask = partial(neo4j_versions.detect, name, database, wish, outside.parameters, outside.catalogue, now)
        yield _question("neo4j", f"database:{name}", seconds, ask)


def _libraries(environment: Environment, outside: Outside, revision: str) -> Iterator[Question]:
    seconds, at_once = environment.sources.libraries.source_seconds, environment.registries.requests_at_once
    for name, lock in environment.libraries.items():
        now = outside.clock.now()
        ask = partial(
            libraries.detect, name, lock, outside.source, revision, outside.catalogue, now,
            seconds=seconds, at_once=at_once,
        )  # fmt: skip
        yield _question("libraries", f"lock:{name}", seconds, ask)


def _pins(wish: Pins, environment: Environment, outside: Outside, revision: str) -> Question:
    seconds, at_once = environment.sources.pins.source_seconds, environment.registries.requests_at_once
    ask = partial(
        pins.detect, environment, wish, outside.source, revision, outside.catalogue, seconds=seconds, at_once=at_once
    )
    return _question("pins", "pins:all", seconds, ask)


def _aws_offerings(wish: AwsOfferings, environment: Environment, outside: Outside, states: States) -> Question:
    seconds = environment.sources.aws_offerings.source_seconds
    patience = TIME_LIMIT_SECONDS + max((one.time_limit_seconds for one in environment.stacks.values()), default=0)

    def ask() -> tuple[Change, ...]:
        in_use = _in_use(states, patience)
        return aws_offerings.detect(in_use, wish, outside.fleet, outside.clock.now(), seconds=seconds)

    return _question("aws_offerings", "offerings:all", patience + seconds, ask)


def _end_of_life(wish: EndOfLife, environment: Environment, outside: Outside, revision: str) -> Question:
    seconds = environment.sources.end_of_life.source_seconds

    def ask() -> tuple[Change, ...]:
        now = outside.clock.now()
        return end_of_life.detect(environment, wish, outside.source, revision, outside.parameters, now)

    return _question("end_of_life", "runtime:all", seconds, ask)


def _in_use(states: States, seconds: float) -> dict[str, tuple[InUse, ...] | DcoError]:
    """Wait for every stack's state; what did not come is `Unreadable`."""
    end = time.monotonic() + seconds
    found: dict[str, tuple[InUse, ...] | DcoError] = {}
    for name, state in states.items():
        try:
            found[name] = state.result(max(0.0, end - time.monotonic()))
        except TimeoutError:
            found[name] = Unreadable("it was not planned in time, so what is in use can't be told")
        except DcoError as error:
            found[name] = Unreadable(f"what is in use can't be told: {error.what}")
    return found
