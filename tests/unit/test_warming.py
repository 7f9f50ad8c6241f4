"""A follower is warmed with every combination of kinds of parameters that the gates saw."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

import pytest

from dco.model.errors import StepFailed, Unreadable
from dco.operations.warming import MORE_ROUNDS, MOST_SIZE, stand_in, warm
from dco.seams.gates import Sampled, Shape
from dco.seams.servers import Server


@dataclass
class Follower:
    """Takes what it is asked down; refuses parameters of some type, or is gone."""

    refuses: type | None = None
    gone: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def rehearse(self, cypher: str, parameters: Mapping[str, Any]) -> None:
        if self.gone:
            raise Unreadable(f"it does not answer: {self.gone}")
        self.asked.append(dict(parameters))
        if any(isinstance(value, self.refuses or ()) for value in parameters.values()):
            raise StepFailed(f"{cypher} does not take that")


def warmed(follower: Follower, *queries: Sampled) -> tuple[int, int]:
    found = warm(cast("Server", follower), queries)
    return found.queries, found.refused


def test_each_combination_of_kinds_gets_its_plan() -> None:
    follower = Follower()
    shapes = ({"a": Shape("integer")}, {"a": Shape("string", 100)})
    assert warmed(follower, Sampled("RETURN $a", writes=False, count=3, shapes=shapes)) == (1, 0)
    assert follower.asked.count({"a": "0" * 100}) == 1 + MORE_ROUNDS
    assert follower.asked.count({"a": 0}) > MORE_ROUNDS + 1, "the most frequent one is run often"


def test_parameters_of_unknown_kinds_are_guessed() -> None:
    follower = Follower(refuses=int)
    assert warmed(follower, Sampled("RETURN $a, $`b c`", writes=False, count=1)) == (1, 0)
    assert follower.asked[0] == {"a": 0, "b c": 0}
    assert follower.asked[-1] == {"a": "", "b c": ""}


def test_what_no_value_fits_is_counted() -> None:
    assert warmed(Follower(refuses=object), Sampled("RETURN $a", writes=False, count=1)) == (0, 1)


def test_a_fence_is_a_refusal_and_silence_is_told() -> None:
    query = Sampled("CREATE (:New)", writes=True, count=1)
    assert warmed(Follower(gone="Neo.TransientError.Transaction.LeaseExpired"), query) == (0, 1)
    with pytest.raises(Unreadable, match="gone for good"):
        warmed(Follower(gone="gone for good"), query)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (Shape("null"), None),
        (Shape("boolean"), False),
        (Shape("float"), 0.0),
        (Shape("bytes", 10), bytes(10)),
        (Shape("string", 10**9), "0" * MOST_SIZE),
        (Shape("list", 10, Shape("map")), [{}] * 10),
        (Shape("list", 0), []),
        (Shape("date"), date(2000, 1, 1)),
        (Shape("what comes next year"), None),
    ],
)
def test_a_value_stands_for_a_kind(shape: Shape, value: object) -> None:
    assert stand_in(shape) == value
