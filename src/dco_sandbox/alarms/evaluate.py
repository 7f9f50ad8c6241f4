"""What state an alarm is in: pure, from the samples of its metric.

Follows the Amazon CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing
data", there also the section on premature transitions.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dco_sandbox.alarms.statistics import Sample, value_of

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
"""API reference, PutMetricAlarm: ComparisonOperator; those of anomaly detection are not here."""
_LOOKED_BACK = 2
"""How many periods beyond the wanted ones are looked at: the guide's examples have a range of five for three."""
_SAME_TIME = 0.001


@dataclass(frozen=True)
class Rule:
    """An alarm as it is evaluated; `period` in real seconds, `state` the one it is in now."""

    statistic: str
    comparison: str
    threshold: float
    period: float
    periods: int = 1
    to_alarm: int = 1
    missing: str = "missing"
    state: str = INSUFFICIENT_DATA

    @property
    def range(self) -> int:
        """How many periods are looked at."""
        return self.periods + _LOOKED_BACK


@dataclass(frozen=True)
class Point:
    """A period's value: when the period began and how many periods ago it ended."""

    at: float
    age: int
    value: float


@dataclass(frozen=True)
class Verdict:
    """The state that an alarm has to be in, why, and from which points (newest first)."""

    state: str
    reason: str
    points: tuple[Point, ...] = ()


def evaluate(rule: Rule, samples: Sequence[Sample], now: float) -> Verdict:
    """Return the state of an alarm at the end of a period, `now`; samples later than that don't count."""
    real = tuple(_points(rule, samples, now)[: rule.periods])
    breaches = sum(_breaches(rule, point) for point in real)
    filled = rule.periods - len(real)
    if breaches >= rule.to_alarm:
        return Verdict(ALARM, _crossed(rule, real, ALARM), real)
    if not filled or rule.missing == "notBreaching":
        return Verdict(OK, _crossed(rule, real, OK), real)
    if rule.missing == "breaching":
        state = ALARM if breaches + filled >= rule.to_alarm else OK
        return Verdict(state, _crossed(rule, real, state), real)
    return _without_filling(rule, real, breaches)


def _without_filling(rule: Rule, real: tuple[Point, ...], breaches: int) -> Verdict:
    """Decide with fewer points than wanted, when missing ones are `missing` or to be ignored.

    Only breaching points that are fewer than wanted alarm at once if the oldest is old enough; else the state stays,
    since the next one may be good.
    """
    if not real and rule.missing == "missing":
        count = "1 datapoint was" if rule.periods == 1 else f"{rule.periods} datapoints were"
        return Verdict(INSUFFICIENT_DATA, f"Insufficient Data: {count} unknown.")
    if breaches < len(real):
        return Verdict(OK, _crossed(rule, real, OK), real)
    if rule.missing == "missing" and real and real[-1].age + 1 >= rule.to_alarm:
        return Verdict(ALARM, _crossed(rule, real, ALARM), real)
    return Verdict(rule.state, "The state stays: too few datapoints.", real)


def _points(rule: Rule, samples: Sequence[Sample], now: float) -> list[Point]:
    """Return what is known of the periods of the evaluation range, newest first."""
    periods: dict[int, list[Sample]] = {}
    for sample in samples:
        age = int((now - sample.at - _SAME_TIME) // rule.period)
        if 0 <= age < rule.range:
            periods.setdefault(age, []).append(sample)
    found = [(age, value_of(rule.statistic, periods[age])) for age in sorted(periods)]
    return [Point(now - (age + 1) * rule.period, age, value) for age, value in found if value is not None]


def _breaches(rule: Rule, point: Point) -> bool:
    return COMPARISONS[rule.comparison][0](point.value, rule.threshold)


def _crossed(rule: Rule, real: Sequence[Point], state: str) -> str:
    """Say why, in the words that CloudWatch has for it."""
    breaching = state == ALARM
    counted = [point for point in real if _breaches(rule, point) == breaching]
    if not counted:
        treated = "Breaching" if breaching else "NonBreaching"
        plural = "period" if rule.periods == 1 else "periods"
        return (
            f"Threshold Crossed: no datapoints were received for {rule.periods} {plural} and missing datapoints "
            f"were treated as [{treated}]."
        )
    wanted = rule.to_alarm if breaching else rule.periods - rule.to_alarm + 1
    listed = ", ".join(f"{point.value} ({_moment(point.at)})" for point in counted)
    verb = "was" if len(counted) == 1 else "were"
    how = f"{'' if breaching else 'not '}{COMPARISONS[rule.comparison][1]}"
    came_from = OK if breaching else ALARM
    noun = "datapoint" if wanted == 1 else "datapoints"
    return (
        f"Threshold Crossed: {len(counted)} out of the last {rule.periods} datapoints [{listed}] {verb} {how} the "
        f"threshold ({rule.threshold}) (minimum {wanted} {noun} for {came_from} -> {state} transition)."
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d/%m/%y %H:%M:%S")
