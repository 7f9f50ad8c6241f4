"""What policy makes of changes: ignored with an end and a reason, together or not at all, asked for or automatic."""

from pathlib import Path

import msgspec
import pytest
from tests.unit.test_plan_build import ENVIRONMENT, IMAGE, RELEASED, REVISION, WHOLE, change

from dco.detect.releasing import without_put_off
from dco.model.change import Action, Change, ChangeSet, Status
from dco.model.plan import Risk
from dco.model.policy import Ignore, Policy
from dco.model.release import ApplicationRelease
from dco.plan.build import build
from dco.plan.deciding import decide
from dco.settings import read

TODAY = "2026-11-26T03:00:00.000Z"
UNTIL = Ignore(component="library:*", until="2026-11-26", why="its successor is tried")


def decided(policy: Policy, *changes: Change) -> tuple[Change, ...]:
    return decide(policy, ChangeSet(changes), TODAY).changes


def test_what_is_ignored_asks_for_nothing_until_its_last_day_and_says_why() -> None:
    (one,) = decided(Policy(ignore=[UNTIL]), change("library:left-pad", Action.APPROVE))
    assert (one.action, one.status) == (Action.NONE, Status.CHANGED)
    assert one.reason == "ignored until 2026-11-26, since its successor is tried: it differs"


def test_an_ignore_that_has_ended_is_told_and_holds_no_more() -> None:
    ended = msgspec.structs.replace(UNTIL, until="2026-11-25")
    (one,) = decided(Policy(ignore=[ended]), change("library:left-pad", Action.APPROVE))
    assert one.action is Action.APPROVE
    assert "it was to be ignored until 2026-11-25 (its successor is tried), which is over" in one.reason


def test_what_is_not_known_can_not_be_ignored() -> None:
    unknown = Change(source="libraries", component="library:x", status=Status.UNKNOWN, reason="nobody answered")
    changes = decide(Policy(ignore=[UNTIL]), ChangeSet((unknown,)), TODAY)
    assert not changes.quiet()


@pytest.mark.parametrize(
    ("ignore", "what"),
    [
        ('{ component = "x", why = "y" }', "until is missing"),
        ('{ component = "x", until = "2026-12-31" }', "why is missing"),
        ('{ component = "x", until = "2026-12-31", why = " " }', "why must say why"),
        ('{ component = "x", until = "for ever", why = "y" }', "until 'for ever' is no day"),
    ],
)
def test_an_ignore_without_an_end_or_a_reason_is_refused(tmp_path: Path, ignore: str, what: str) -> None:
    (tmp_path / "dco.toml").write_text(
        'name = "x"\n[aws]\nregion = "r"\n[state]\nbucket = "b"\n[offering]\nkind = "command"\ncommand = ["true"]\n'
        f"[policy]\nignore = [{ignore}]\n"
    )
    settings = read(tmp_path)
    assert settings.environment is None
    assert what in str(settings.trouble)


def test_a_group_moves_when_all_of_it_can() -> None:
    policy = Policy(together=[["database:ledger", "database:search"]])
    ledger, search = change("database:ledger"), change("database:search")
    assert decided(policy, ledger, search) == (ledger, search)
    waits, calm = decided(policy, ledger, msgspec.structs.replace(search, action=Action.NONE))
    assert waits.action is Action.NONE
    assert "waits for database:search" in waits.put_off
    assert calm.put_off == ""


def test_an_ignored_member_lets_its_group_wait() -> None:
    ignore = Ignore(component="database:search", until="2027-01-01", why="year's end")
    policy = Policy(ignore=[ignore], together=[["database:ledger", "database:search"]])
    assert [one.action for one in decided(policy, change("database:ledger"), change("database:search"))] == [
        Action.NONE,
        Action.NONE,
    ]


def test_damage_does_not_wait_for_a_group() -> None:
    policy = Policy(together=[["drift:*", "database:search"]])
    (one,) = decided(policy, change("drift:database/ledger", Action.BLOCK))
    assert one.action is Action.BLOCK


def test_policy_says_what_is_always_asked_and_what_is_automatic() -> None:
    policy = Policy(always_ask=["stack:*"], automatic=["application:*", "workflow:*"])
    environment = msgspec.structs.replace(ENVIRONMENT, policy=policy)
    risks = {step.name: step.risk for step in build(environment, RELEASED, WHOLE, REVISION).steps}
    assert risks == {
        "stack.apply main": Risk.HIGH,
        "image.build api": Risk.LOW,
        "service.roll api": Risk.LOW,
        "workflow.accept deploy.yml": Risk.HIGH,
    }, "what a source makes high stays high"


def test_what_was_put_off_stays_in_the_record_as_it_was() -> None:
    new = msgspec.structs.replace(
        RELEASED,
        applications={"api": ApplicationRelease(image=IMAGE, content="new")},
        workflows={"w/deploy.yml": "new"},
    )
    off = change("application:api", Action.NONE, put_off="ignored"), change("workflow:deploy.yml", put_off="ignored")
    kept = without_put_off(new, RELEASED, off)
    assert kept.applications["api"].content == "old"
    assert kept.workflows == {}, "a workflow that is new and ignored is not recorded as looked at"
    assert without_put_off(new, RELEASED, ()) == new
