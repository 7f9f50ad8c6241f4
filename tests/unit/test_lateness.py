"""When a night is late: measured against nights that deployed, and only once there are enough of them."""

import pytest

from dco.flow.lateness import limit_seconds
from dco.model.outcome import Outcome, Report


def _report(seconds: int, outcome: Outcome = Outcome.DEPLOYED) -> Report:
    return Report(
        night=str(seconds),
        environment="production",
        outcome=outcome,
        sentence="",
        began="2026-11-23T03:00:00.000Z",
        ended=f"2026-11-23T03:{seconds // 60:02}:{seconds % 60:02}.000Z",
    )


@pytest.mark.parametrize(
    ("reports", "factor", "expected"),
    [
        ([_report(100), _report(110), _report(900)], 3.0, 330.0),
        ([_report(100), _report(110)], 3.0, None),
        ([_report(100), _report(110), _report(5, Outcome.QUIET)], 3.0, None),
        ([_report(100), _report(110), _report(120)], 0.0, None),
    ],
    ids=["the median", "too few", "quiet nights don't count", "nobody wants to know"],
)
def test_the_limit(reports: list[Report], factor: float, expected: float | None) -> None:
    assert limit_seconds(tuple(reports), factor) == expected
