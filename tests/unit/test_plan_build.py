"""Plans: which steps, in which order, with which reasons, and what they are called."""

from typing import Any

import msgspec
import pytest
from inline_snapshot import snapshot

from dco.model.change import Action, Change, ChangeSet, Status
from dco.model.environment import Environment
from dco.model.look import Contents, Look
from dco.model.plan import Risk
from dco.model.release import ApplicationRelease, Release, StackRelease
from dco.model.stackplan import StackPlan
from dco.plan.build import build
from dco.plan.explain import explain

IMAGE = "registry/credcoin@sha256:" + "a" * 64
ENVIRONMENT = msgspec.convert(
    {
        "name": "production",
        "aws": {"region": "eu-central-1"},
        "state": {"bucket": "b"},
        "offering": {"kind": "command", "command": ["true"]},
        "applications": {
            "api": {
                "repository": "credcoin",
                "image_parameter": "/api/image",
                "builder": {"kind": "given", "parameter": "/x"},
                "services": {"web": {"cluster": "c", "name": "web", "family": "f", "container": "app"}},
                "families": ["offering"],
            }
        },
        "stacks": {"main": {"directory": "infra"}},
        "databases": {"ledger": {"uri_parameter": "/u", "secret": "s", "slot": "/slot"}},
    },
    Environment,
)
RELEASED = Release(
    environment="production",
    revision="0" * 40,
    night="n",
    at="t",
    applications={"api": ApplicationRelease(image=IMAGE, content="old")},
    stacks={"main": StackRelease(content="old", inputs="i")},
)
REVISION = "1" * 40
UPDATE = {
    "address": "aws_ecs_service.api",
    "type": "aws_ecs_service",
    "change": {"actions": ["update"], "before": {}, "after": {}},
}
LOSS = {
    "address": "aws_s3_bucket.b",
    "type": "aws_s3_bucket",
    "change": {"actions": ["delete"], "before": {}, "after": None},
}


def change(component: str, action: Action = Action.REDEPLOY, **more: Any) -> Change:
    source = component.partition(":")[0]
    plain = Change(source=source, component=component, status=Status.CHANGED, reason="it differs", action=action)
    return msgspec.structs.replace(plain, **more)


def planned(*changes: dict[str, Any]) -> dict[str, StackPlan]:
    return {"main": StackPlan(changed=True, file="f", serial=7, resource_changes=changes, meaning="m")}


def look(*changes: Change, plans: dict[str, StackPlan] | None = None) -> Look:
    contents = Contents(stacks={"main": "new"}, inputs={"main": "i"}, workflows={".github/workflows/deploy.yml": "w"})
    return Look(changes=ChangeSet(changes), contents=contents, plans=plans or {})


WHOLE = look(
    change("workflow:deploy.yml", Action.APPROVE),
    change("application:api", available="new"),
    change("stack:main"),
    plans=planned(UPDATE),
)


def test_stacks_come_first_then_images_then_services_then_what_is_recorded() -> None:
    plan = build(ENVIRONMENT, RELEASED, WHOLE, REVISION)
    assert [step.name for step in plan.steps] == [
        "stack.apply main",
        "image.build api",
        "service.roll api",
        "workflow.accept deploy.yml",
    ]
    assert [step.arguments for step in plan.steps] == snapshot(
        [
            {"meaning": "m", "addresses": ["aws_ecs_service.api"], "content": "new", "inputs": "i"},
            {"content": "new", "repository": "credcoin"},
            {"image_from": "image.build api", "content": "new"},
            {"path": ".github/workflows/deploy.yml", "meaning": "w"},
        ]
    )
    assert all(step.undo and step.reason and step.released == RELEASED.revision for step in plan.steps)
    assert plan.refusals == ()


def test_a_plan_reads_as_sentences() -> None:
    assert explain(build(ENVIRONMENT, RELEASED, WHOLE, REVISION)) == snapshot(
        [
            "plan 02d46269d68d2f49 for production at 111111111111: 4 steps, risk high",
            "1. applies the Terraform changes of stack main: aws_ecs_service.api (risk medium)",
            "   because it differs; 1 to update (aws_ecs_service 1); no downtime is expected",
            "   undo: plan and apply 000000000000 again, with its recorded inputs and today's slots",
            "2. builds the image of api",
            "   because it differs",
            "   undo: the image stays unused in the registry",
            "3. rolls the services of api (risk medium)",
            "   because a new image is built for it",
            "   undo: set the slot back and roll its services to the revisions that they ran before",
            "4. takes note of the workflow deploy.yml (risk high)",
            "   because it differs",
            "   undo: nothing was changed: only the record of what was looked at is left as it was",
        ]
    )


def test_other_times_and_words_make_the_same_plan_and_another_content_another() -> None:
    one = build(ENVIRONMENT, RELEASED, WHOLE, REVISION)
    later = tuple(msgspec.structs.replace(c, checked_at="later", reason="other words") for c in WHOLE.changes.changes)
    same = build(ENVIRONMENT, RELEASED, msgspec.structs.replace(WHOLE, changes=ChangeSet(later)), "2" * 40)
    assert (one.digest, one.goal) == (same.digest, same.goal)
    other = look(change("application:api", available="newer"))
    assert build(ENVIRONMENT, RELEASED, other, REVISION).digest != one.digest


@pytest.mark.parametrize("component", ["drift:service/web", "drift:slot/api", "drift:family/offering"])
def test_drift_rolls_back_to_the_released_image(component: str) -> None:
    plan = build(ENVIRONMENT, RELEASED, look(change(component)), REVISION)
    (step,) = plan.steps
    assert (step.operation, step.target, step.risk) == ("service.roll", "api", Risk.MEDIUM)
    assert step.arguments == {"image": IMAGE, "content": "old"}


def test_drift_and_a_new_image_are_one_roll() -> None:
    plan = build(
        ENVIRONMENT, RELEASED, look(change("application:api", available="new"), change("drift:slot/api")), REVISION
    )
    assert [step.name for step in plan.steps] == ["image.build api", "service.roll api"]


def test_drift_of_a_stack_asks_a_person() -> None:
    plan = build(
        ENVIRONMENT, RELEASED, look(change("drift:stack/main", Action.APPROVE), plans=planned(UPDATE)), REVISION
    )
    assert [(step.name, step.risk) for step in plan.steps] == [("stack.apply main", Risk.HIGH)]


def test_losing_data_is_refused() -> None:
    plan = build(ENVIRONMENT, RELEASED, look(change("stack:main"), plans=planned(LOSS)), REVISION)
    (refusal,) = plan.refusals
    assert "would destroy aws_s3_bucket.b" in refusal
    assert explain(plan)[-1] == f"refused: {refusal}"


def test_what_blocks_is_refused() -> None:
    plan = build(ENVIRONMENT, RELEASED, look(change("drift:database/ledger", Action.BLOCK)), REVISION)
    assert plan.refusals == ("drift:database/ledger: it differs",)
    assert plan.steps == ()


def test_what_is_unknown_is_in_the_plan_but_no_step() -> None:
    unread = change("stack:main", Action.NONE, status=Status.UNKNOWN, reason="locked by ada")
    plan = build(ENVIRONMENT, RELEASED, look(unread), REVISION)
    assert plan.steps == ()
    assert "not known: stack:main: locked by ada" in explain(plan)


def test_an_application_and_a_stack_that_revises_what_it_runs_move_together() -> None:
    revised = {
        "address": "module.api.aws_ecs_task_definition.this",
        "type": "aws_ecs_task_definition",
        "change": {"actions": ["delete", "create"], "before": {"family": "f"}, "after": {"family": "f"}},
    }
    found = look(change("application:api", available="new"), change("stack:main"), plans=planned(revised))
    reasons = {step.name: step.reason for step in build(ENVIRONMENT, RELEASED, found, REVISION).steps}
    assert "together with stack main, which revises its task definition f" in reasons["service.roll api"]
    alone = look(change("application:api", available="new"))
    assert (
        "together"
        not in {s.name: s.reason for s in build(ENVIRONMENT, RELEASED, alone, REVISION).steps}["service.roll api"]
    )
