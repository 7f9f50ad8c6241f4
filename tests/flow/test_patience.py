"""A step that could not ask is tried again for a while; what was refused is not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from dco.flow.patience import PATIENCE_SECONDS, PatientSteps
from dco.model.errors import Refused, Unreadable

T = TypeVar("T")


class PlainSteps:
    """Runs work and remembers nothing."""

    def run(self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        del name, kind
        return work()


@dataclass
class FakeClock:
    """Time passes only by sleeping."""

    at: float = 0.0

    def now(self) -> str:
        return "2026-11-23T03:00:00.000Z"

    def seconds(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def test_an_outage_of_seconds_is_waited_out() -> None:
    clock = FakeClock()

    def work() -> str:
        if clock.at < 20:
            raise Unreadable("nobody answers")
        return "done"

    assert PatientSteps(PlainSteps(), clock).run("a step", str, work) == "done"


def test_a_longer_outage_is_told() -> None:
    clock = FakeClock()

    def work() -> str:
        raise Unreadable("nobody answers")

    with pytest.raises(Unreadable):
        PatientSteps(PlainSteps(), clock).run("a step", str, work)
    assert clock.at <= PATIENCE_SECONDS


def test_a_refusal_is_not_tried_again() -> None:
    clock = FakeClock()

    def work() -> str:
        raise Refused("no")

    with pytest.raises(Refused):
        PatientSteps(PlainSteps(), clock).run("a step", str, work)
    assert clock.at == 0
