"""Alarms are evaluated as CloudWatch documents it, and HAProxy's log lines become the right metrics."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco_sandbox.alarms.evaluate import ALARM, COMPARISONS, INSUFFICIENT_DATA, OK, Rule, evaluate
from dco_sandbox.alarms.measure import Minute, add_hosts, of_log
from dco_sandbox.alarms.statistics import Sample, sample_of, value_of

MINUTE = 5.0
NOW = 1000 * MINUTE
RETAIN = "retain"
VALUES = {"0": 1.0, "X": 9.0}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def series(text: str) -> list[Sample]:
    """Samples for a row of the guide's tables, oldest first: `0` is good, `X` breaches, `-` is missing."""
    marks = text.split()
    first = NOW - len(marks) * MINUTE
    return [sample_of(first + n * MINUTE, {VALUES[mark]: 1}) for n, mark in enumerate(marks) if mark != "-"]


def rule(**more: object) -> Rule:
    return replace(Rule("Sum", "GreaterThanThreshold", 5, MINUTE), **more)


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ("0 - X - X", (OK, OK, OK, OK)),
        ("- - - - 0", (OK, OK, OK, OK)),
        ("- - - - -", (INSUFFICIENT_DATA, RETAIN, ALARM, OK)),
        ("0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
        ("- - X - -", (ALARM, RETAIN, ALARM, OK)),
    ],
)
def test_missing_data_is_treated_as_in_the_guides_table_of_three_of_three(points: str, wanted: tuple[str, ...]) -> None:
    treated(rule(periods=3, to_alarm=3), points, wanted)


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ("0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
        ("0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
        ("0 - X - -", (OK, OK, ALARM, OK)),
        ("- - - - 0", (OK, OK, ALARM, OK)),
        ("- - - X -", (ALARM, RETAIN, ALARM, OK)),
    ],
)
def test_missing_data_is_treated_as_in_the_guides_table_of_two_of_three(points: str, wanted: tuple[str, ...]) -> None:
    treated(rule(periods=3, to_alarm=2), points, wanted)


def treated(base: Rule, points: str, wanted: tuple[str, ...]) -> None:
    for treatment, state in zip(TREATMENTS, wanted, strict=True):
        for now_in in (OK, ALARM):
            found = evaluate(replace(base, missing=treatment, state=now_in), series(points), NOW).state
            assert found == (now_in if state == RETAIN else state), (treatment, now_in)


@pytest.mark.parametrize("points", ["- - - - X", "- - - X -"])
def test_an_alarm_does_not_ring_too_early(points: str) -> None:
    assert evaluate(rule(periods=3, to_alarm=3, state=OK), series(points), NOW).state == OK


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("GreaterThanThreshold", OK, OK, ALARM),
        ("GreaterThanOrEqualToThreshold", OK, ALARM, ALARM),
        ("LessThanThreshold", ALARM, OK, OK),
        ("LessThanOrEqualToThreshold", ALARM, ALARM, OK),
    ],
)
def test_every_comparison(comparison: str, below: str, at: str, above: str) -> None:
    for value, state in ((4.0, below), (5.0, at), (6.0, above)):
        samples = [sample_of(NOW - MINUTE, {value: 1})]
        assert evaluate(rule(comparison=comparison), samples, NOW).state == state


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("Sum", 110.0), ("Average", 2.2), ("Minimum", 1.0), ("Maximum", 20.0), ("SampleCount", 50.0)],
)
def test_every_statistic(statistic: str, value: float) -> None:
    samples = [sample_of(NOW, {1.0: 30, 2.0: 17}), sample_of(NOW, {20.0: 2, 6.0: 1})]
    assert value_of(statistic, samples) == pytest.approx(value)


def test_percentiles_need_the_values() -> None:
    samples = [sample_of(NOW, {1.0: 94, 2.0: 5, 3.0: 1})]
    assert [value_of(p, samples) for p in ("p0", "p50", "p94", "p95", "p99", "p99.9", "p100")] == [1, 1, 1, 2, 2, 3, 3]
    assert value_of("p95", [*samples, Sample(NOW, 2, 9, 4, 5)]) is None
    assert value_of("TM(10%:90%)", samples) is None


def test_a_period_longer_than_a_minute_holds_several() -> None:
    three = rule(period=3 * MINUTE, threshold=25)
    assert evaluate(three, series("X X X"), NOW).points[0].value == 27
    assert evaluate(three, series("X X X"), NOW).state == ALARM
    assert evaluate(three, series("X X X - -"), NOW).points[0].value == 9


def test_what_comes_after_the_end_of_the_minute_does_not_count() -> None:
    late = sample_of(NOW + 0.5, {9.0: 1})
    assert evaluate(rule(), [late], NOW).state == INSUFFICIENT_DATA
    assert evaluate(rule(), [late], NOW + MINUTE).state == ALARM


def test_the_reason_is_a_sentence() -> None:
    rings = evaluate(rule(), [sample_of(NOW - MINUTE, {9.0: 1})], NOW).reason
    assert rings == (
        "Threshold Crossed: 1 out of the last 1 datapoints [9.0 (01/01/70 01:23:15)] was greater than the threshold "
        "(5) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert "not greater than" in evaluate(rule(), series("0"), NOW).reason
    assert evaluate(rule(), [], NOW).reason == "Insufficient Data: 1 datapoint was unknown."
    assert "treated as [NonBreaching]" in evaluate(rule(missing="notBreaching"), [], NOW).reason


rows = st.lists(st.sampled_from("0X-"), min_size=0, max_size=9).map(" ".join)


def any_rule(periods: int, short: int, missing: str, state: str) -> Rule:
    return rule(periods=periods, to_alarm=max(1, periods - short), missing=missing, state=state)


rules = st.builds(
    any_rule,
    st.integers(1, 5),
    st.integers(0, 4),
    st.sampled_from(TREATMENTS),
    st.sampled_from([OK, ALARM, INSUFFICIENT_DATA]),
)


@given(rules, st.text("0X", min_size=7, max_size=7))
def test_without_missing_data_only_the_last_points_are_counted(alarm: Rule, points: str) -> None:
    found = evaluate(alarm, series(" ".join(points)), NOW).state
    assert found == (ALARM if points[-alarm.periods :].count("X") >= alarm.to_alarm else OK)


@given(rules, rows)
def test_the_treatments_are_in_order(alarm: Rule, points: str) -> None:
    states = {name: evaluate(replace(alarm, missing=name), series(points), NOW).state for name in TREATMENTS}
    if states["notBreaching"] == ALARM:
        assert set(states.values()) == {ALARM}
    if states["breaching"] == OK:
        assert ALARM not in {state for name, state in states.items() if name != "ignore" or alarm.state != ALARM}
    assert states["breaching"] != INSUFFICIENT_DATA
    assert states["notBreaching"] != INSUFFICIENT_DATA


@given(rules, rows)
def test_a_state_that_was_reached_stays_while_nothing_changes(alarm: Rule, points: str) -> None:
    reached = evaluate(alarm, series(points), NOW).state
    assert evaluate(replace(alarm, state=reached), series(points), NOW).state == reached


@given(rules, rows, st.sampled_from(sorted(COMPARISONS)))
def test_every_verdict_has_its_reason(alarm: Rule, points: str, comparison: str) -> None:
    verdict = evaluate(replace(alarm, comparison=comparison), series(points), NOW)
    assert verdict.reason.endswith(".")
    assert len(verdict.points) <= alarm.periods


def counted(found: Minute) -> dict[tuple[str, str], float]:
    sums = {key: sum(value * n for value, n in tally.counts.items()) for key, tally in found.items()}
    return {(metric, place[-1]): total for (metric, place), total in sums.items()}


def test_a_line_is_a_request() -> None:
    lines = [
        "web-80 web t1 200 40 --",
        "web-80 web t2 503 60 --",
        "web-80 web t2 502 -1 SH",
        "web-80 web <NOSRV> 503 -1 SC",
        "web-80 web-80 <NOSRV> 503 -1 LR",
        "web-80 web t2 -1 -1 CH",
        "gone-80 web t1 500 1 --",
        "[NOTICE]   (1) : New worker (2) forked",
    ]
    found = of_log(lines, {"web-80": "app/web/1"}, {"web": "targetgroup/web/2"})
    assert counted(found) == {
        ("RequestCount", "app/web/1"): 4,
        ("RequestCount", "targetgroup/web/2"): 4,
        ("TargetResponseTime", "app/web/1"): pytest.approx(0.1),
        ("TargetResponseTime", "targetgroup/web/2"): pytest.approx(0.1),
        ("HTTPCode_Target_5XX_Count", "app/web/1"): 1,
        ("HTTPCode_Target_5XX_Count", "targetgroup/web/2"): 1,
        ("HTTPCode_ELB_5XX_Count", "app/web/1"): 2,
    }


def test_targets_on_their_way_are_neither_healthy_nor_unhealthy() -> None:
    found: Minute = {}
    add_hosts(found, ("a", "b"), ["healthy", "healthy", "unhealthy", "initial"])
    add_hosts(found, ("a", "b"), ["healthy"])
    assert {metric: dict(tally.counts) for (metric, _), tally in found.items()} == {
        "HealthyHostCount": {2.0: 1, 1.0: 1},
        "UnHealthyHostCount": {1.0: 1, 0.0: 1},
    }
