"""A plan carried out from every interrupted prefix ends all new, or all as before; and says which."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dco.flow.carry import Carrier
from dco.model.errors import DcoError, PersonNeeded, StepFailed, restore, store
from dco.model.plan import Plan, Step
from dco.operations.operation import Facts

T = TypeVar("T")


class Killed(BaseException):
    """The process dies."""


@dataclass
class MemorySteps:
    """The engine's promise, kept in memory: finished steps are remembered, one may be killed before or after."""

    stored: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    die_at: int = -1
    place: int = 0
    boundary: int = 0

    def run(self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        if self.place < len(self.stored):
            known, outcome = self.stored[self.place]
            assert known == name, "a story asked for other steps than before"
        else:
            self._maybe_die()
            outcome = _attempt(work)
            self._maybe_die()
            self.stored.append((name, outcome))
        self.place += 1
        if isinstance(outcome, DcoError):
            raise restore(store(outcome))
        return msgspec.convert(outcome, kind)

    def _maybe_die(self) -> None:
        self.boundary += 1
        if self.boundary == self.die_at:
            raise Killed


def _attempt(work: Callable[[], Any]) -> Any:
    try:
        return msgspec.to_builtins(work())
    except DcoError as error:
        return error


@dataclass
class Slot:
    """An operation that sets one value in the world, and can be told to fail at a verb."""

    world: dict[str, str]
    fails_at: frozenset[tuple[str, str]]
    starts: list[str] = field(default_factory=list[str])
    name: str = "slot"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        del done
        self._fail("check", step)
        return {"was": self.world[step.target]}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        del before, token
        if self.world[step.target] != "new":
            self.starts.append(step.target)
        self.world[step.target] = "new"
        self._fail("start", step)
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        del before, begun
        self._fail("complete", step)
        return {"is": self.world[step.target]}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        del token
        self._fail("undo", step)
        self.world[step.target] = before["was"]

    def _fail(self, verb: str, step: Step) -> None:
        if (verb, step.target) in self.fails_at:
            raise StepFailed(f"{verb} of {step.target} fails")


class Notes:
    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.lines: list[tuple[str, str]] = []

    def write(self, night: str, kind: str, sentence: str, token: str, facts: dict[str, Any] | None = None) -> None:
        del night, facts
        if token not in self.tokens:
            self.tokens.append(token)
            self.lines.append((kind, sentence))


class Still:
    def now(self) -> str:
        return "2026-01-01T00:00:00.000Z"

    def seconds(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        del seconds


def plan(targets: str) -> Plan:
    steps = tuple(Step(operation="slot", target=one, reason="r", undo="as it was") for one in targets)
    return Plan(environment="e", base="b", revision="c", changes=(), steps=steps)


def once(steps: MemorySteps, slot: Slot, notes: Notes, targets: str) -> str:
    """One process's try at the whole story."""
    carrier = Carrier("n1", {"slot": slot}, notes, Still(), lambda: None)
    try:
        carrier.forward(steps, plan(targets))
    except DcoError:
        try:
            carrier.back(steps)
        except PersonNeeded:
            return "person"
        return "back"
    return "done"


def to_the_end(slot: Slot, notes: Notes, targets: str, die_at: int) -> str:
    steps = MemorySteps(die_at=die_at)
    for _ in itertools.count():
        try:
            return once(steps, slot, notes, targets)
        except Killed:
            steps = MemorySteps(stored=steps.stored)
    raise AssertionError


FAULTS = st.frozensets(st.tuples(st.sampled_from(["check", "start", "complete"]), st.sampled_from("abc")), max_size=2)


@settings(max_examples=300, deadline=None)
@given(FAULTS, st.integers(-1, 60))
def test_every_interrupted_prefix_ends_all_new_or_all_as_before(
    faults: frozenset[tuple[str, str]], die_at: int
) -> None:
    world = dict.fromkeys("abc", "old")
    slot, notes = Slot(world, faults), Notes()
    ended = to_the_end(slot, notes, "abc", die_at)
    assert set(world.values()) == ({"old"} if faults else {"new"})
    assert ended == ("back" if faults else "done")
    assert all(slot.starts.count(one) <= 1 for one in "abc")


@given(st.integers(-1, 60))
@settings(deadline=None)
def test_a_way_back_that_fails_goes_on_with_the_others_and_calls_a_person(die_at: int) -> None:
    world = dict.fromkeys("abc", "old")
    slot, notes = Slot(world, frozenset({("complete", "c"), ("undo", "b")})), Notes()
    assert to_the_end(slot, notes, "abc", die_at) == "person"
    assert world == {"a": "old", "b": "new", "c": "old"}


@pytest.mark.parametrize("die_at", range(1, 24))
def test_the_journal_has_a_step_before_it_begins(die_at: int) -> None:
    world = dict.fromkeys("abc", "old")
    slot, notes = Slot(world, frozenset()), Notes()
    steps = MemorySteps(die_at=die_at)
    try:
        once(steps, slot, notes, "abc")
    except Killed:
        written = {sentence[5] for kind, sentence in notes.lines if kind == "step"}
        assert {one for one in "abc" if world[one] == "new"} <= written
