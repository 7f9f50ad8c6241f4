"""Settings, security groups, roles and parameters against the release, and who changed them."""

from typing import cast

import pytest
from tests.unit.test_detect_drift import ENVIRONMENT, RELEASED

from dco.detect import surroundings
from dco.detect.question import Answer
from dco.model.change import Action, Change, Status
from dco.model.errors import ConfigurationError, DcoError
from dco.seams.surroundings import Facts, Surroundings, Trace, Wanted

GROUP: Facts = {"security-group/sg-1": {"ingress tcp 443-443 10.0.0.0/8": "yes"}}


class Tells:
    """A trail that says what a test wants, and keeps what it was asked."""

    def __init__(self, says: Trace | DcoError | None) -> None:
        self.says, self.asked = says, list[tuple[str, str, str]]()

    def facts(self, wanted: Wanted) -> Facts:
        raise NotImplementedError

    def last_change(self, kind: str, name: str, since: str) -> Trace | None:
        self.asked.append((kind, name, since))
        if isinstance(self.says, DcoError):
            raise self.says
        return self.says


def only(before: Facts, now: Facts) -> Change:
    (change,) = surroundings.compare(before, now)
    return change


def test_what_is_as_released_is_unchanged() -> None:
    assert only(GROUP, GROUP).status is Status.UNCHANGED


@pytest.mark.parametrize(
    ("now", "what"),
    [
        ({"security-group/sg-1": {"ingress tcp 22-22 0.0.0.0/0": "yes"}}, "ingress tcp 22-22 0.0.0.0/0 is new"),
        ({"security-group/sg-1": {}}, "ingress tcp 443-443 10.0.0.0/8 is gone"),
        ({}, "it is gone, or not used any more"),
    ],
)
def test_every_difference_asks_a_person(now: Facts, what: str) -> None:
    change = only(GROUP, now)
    assert (change.component, change.action) == ("drift:security-group/sg-1", Action.APPROVE)
    assert what in change.reason


def test_a_value_is_told_before_and_after() -> None:
    name = "parameter//credcoin/uri"
    change = only({name: {"value": "bolt://a"}}, {name: {"value": "bolt://b"}})
    assert "value was bolt://a, is bolt://b" in change.reason


def test_a_record_of_before_is_unknown_and_never_quiet() -> None:
    (change,) = surroundings.compare(None, GROUP)
    assert change.status is Status.UNKNOWN
    assert "dco adopt --again" in change.reason


def drift(component: str, *evidence: str) -> Change:
    return Change(
        source="drift",
        component=component,
        status=Status.CHANGED,
        action=Action.APPROVE,
        reason="it differs",
        evidence=evidence,
    )


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (drift("drift:security-group/sg-1"), ("security-group", "sg-1")),
        (drift("drift:service/web"), ("service", "web")),
        (drift("drift:slot/api", "/api/image"), ("slot", "/api/image")),
        (drift("drift:parameter//credcoin/uri"), ("parameter", "/credcoin/uri")),
    ],
)
@pytest.mark.parametrize(
    ("says", "words"),
    [
        (
            Trace(who="arn:x:user/bob", at="2026-11-26T01:02:03Z", call="PutParameter"),
            "by arn:x:user/bob at 2026-11-26",
        ),
        (None, "CloudTrail names nobody since the release"),
        (ConfigurationError("you may not"), "who did it can't be told: you may not"),
    ],
)
def test_who_did_it_is_told_or_why_that_is_not_known(
    change: Change, asked: tuple[str, str], says: Trace | DcoError | None, words: str
) -> None:
    trail = Tells(says)
    (answer,) = surroundings.with_history([Answer((change,))], ENVIRONMENT, cast(Surroundings, trail), RELEASED.at)
    assert words in answer.changes[0].reason
    assert trail.asked == [(*asked, RELEASED.at)]


def test_nobody_is_asked_where_nothing_has_drifted() -> None:
    trail = Tells(None)
    calm = Change(source="drift", component="drift:service/web", status=Status.UNCHANGED, reason="same")
    other = Change(source="stack", component="stack:main", status=Status.CHANGED, action=Action.REDEPLOY, reason="x")
    answers = [Answer((calm, other))]
    assert surroundings.with_history(answers, ENVIRONMENT, cast(Surroundings, trail), RELEASED.at) == answers
    assert trail.asked == []
