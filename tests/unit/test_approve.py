"""Policy and calendar: who may start what, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco.approve import policy
from dco.approve.calendar import closed
from dco.model.approval import Freeze, Verdict, Vote
from dco.model.plan import Plan, Risk, Step
from dco.model.policy import Policy, Window

ALICE = "arn:aws:iam::123456789012:user/alice"
BOB = "arn:aws:iam::123456789012:user/bob"
RUNNER = "arn:aws:iam::123456789012:user/runner"
STRANGER = "arn:aws:iam::999999999999:user/alice"
RULES = Policy(approvals=2, approvers=["arn:aws:iam::123456789012:user/*"])


def plan(risk: Risk = Risk.MEDIUM) -> Plan:
    step = Step(operation="service.roll", target="api", reason="r", undo="u", risk=risk)
    return Plan(environment="p", base="b", revision="c" * 40, changes=(), steps=(step,))


def vote(identity: str, verdict: Verdict = Verdict.APPROVE, digest: str | None = None) -> Vote:
    return Vote(identity=identity, digest=digest or plan().digest, verdict=verdict, why="because", at="now")


@pytest.mark.parametrize(
    ("below", "risk", "asked"),
    [("low", Risk.LOW, True), ("medium", Risk.LOW, False), ("medium", Risk.MEDIUM, True), ("high", Risk.MEDIUM, False),
     ("high", Risk.HIGH, True), ("never-ask", Risk.HIGH, False)],
)  # fmt: skip
def test_policy_asks_from_its_risk_on(below: str, risk: Risk, asked: bool) -> None:
    assert policy.asks(Policy(automatic_below=below), plan(risk)) is asked  # type: ignore[arg-type]


def test_enough_people_grant_and_one_rejection_ends() -> None:
    assert policy.tally(RULES, plan(), [RUNNER], [vote(ALICE)]) is None
    granted = policy.tally(RULES, plan(), [RUNNER], [vote(ALICE), vote(BOB)])
    assert granted is not None
    assert granted.granted
    assert granted.reason == "approved by alice, bob"
    rejected = policy.tally(RULES, plan(), [RUNNER], [vote(ALICE), vote(BOB, Verdict.REJECT)])
    assert rejected is not None
    assert not rejected.granted


@pytest.mark.parametrize(
    ("votes", "why"),
    [
        ([vote(RUNNER)], "nobody approves a change of their own"),
        ([vote(BOB)], "nobody approves a change of their own"),
        ([vote(STRANGER)], "not among"),
        ([vote(ALICE, digest="other")], "the approval is for plan other"),
        ([vote(ALICE), vote(ALICE)], "has approved already"),
        ([vote(STRANGER, Verdict.REJECT)], "not among"),
    ],
)
def test_votes_that_do_not_count_say_why(votes: list[Vote], why: str) -> None:
    authors = [RUNNER, "Bob Builder <bob@example.org>"]
    assert policy.tally(RULES, plan(), authors, votes) is None
    assert any(why in sentence for sentence in policy.uncounted(RULES, plan(), authors, votes))


@given(
    st.lists(st.tuples(st.sampled_from([ALICE, BOB, RUNNER, STRANGER]), st.sampled_from(Verdict), st.booleans())),
    st.integers(1, 3),
)
def test_nothing_is_granted_without_enough_distinct_allowed_people(
    cast: list[tuple[str, Verdict, bool]], needed: int
) -> None:
    rules = Policy(approvals=needed, approvers=RULES.approvers)
    votes = [vote(who, verdict, None if right else "other") for who, verdict, right in cast if verdict != "abort"]
    decision = policy.tally(rules, plan(), [RUNNER], votes)
    if decision is not None and decision.granted:
        good = {
            one.identity
            for one in votes
            if one.verdict is Verdict.APPROVE and one.digest == plan().digest and one.identity in {ALICE, BOB}
        }
        assert len(good) >= needed


@pytest.mark.parametrize(
    ("now", "open_"),
    [
        ("2026-11-23T01:59:00.000Z", False),
        ("2026-11-23T02:00:00.000Z", True),
        ("2026-11-23T05:59:00.000Z", True),
        ("2026-11-23T06:00:00.000Z", False),
        ("2026-11-28T03:00:00.000Z", False),
    ],
)
def test_windows(now: str, open_: bool) -> None:
    rules = Policy(windows=[Window(days=["mon", "tue"], begin="02:00", end="06:00")])
    assert (closed(rules, (), now) is None) is open_


@pytest.mark.parametrize(
    ("now", "open_"),
    [("2026-11-23T23:30:00.000Z", True), ("2026-11-24T01:00:00.000Z", True), ("2026-11-23T01:00:00.000Z", False)],
)
def test_a_window_past_midnight_belongs_to_the_day_it_began(now: str, open_: bool) -> None:
    rules = Policy(windows=[Window(days=["mon"], begin="23:00", end="02:00")])
    assert (closed(rules, (), now) is None) is open_


def test_a_freeze_says_who_until_when_and_why() -> None:
    freeze = Freeze(since="2026-11-01T00:00:00.000Z", until="2026-12-01T00:00:00.000Z", why="year end", by=ALICE)
    said = closed(Policy(), [freeze], "2026-11-23T03:00:00.000Z")
    assert said == f"frozen until 2026-12-01T00:00:00.000Z by {ALICE}: year end"
    assert closed(Policy(), [freeze], "2026-12-01T00:00:00.000Z") is None
