"""A night that fails and goes back, killed at its boundaries, ends with all as before."""

import pytest
from tests.crash.ends import End, difference
from tests.crash.site import Site

KINDS = ("exits-at-once",)
CHOSEN = (
    "step: complete service.roll api#1 before",
    "write: complete service.roll api#1 ecs:UpdateService#1 after",
    "step: complete service.roll api#1 after",
    "step: say undone#1 after",
    "write: undo service.roll api#1 ssm:PutParameter#1 after",
    "write: undo service.roll api#1 ecs:DeregisterTaskDefinition#1 after",
    "step: undo service.roll api#1 after",
    "step: quarantine it#1 after",
)


def check(end: End, site: Site) -> None:
    undisturbed = site.undisturbed(*KINDS)
    assert undisturbed.left == []
    # whether the platform or dco goes back first decides which of them made the last deployment
    for one in (end, undisturbed):
        one.effects.pop("deployments", None)
    assert end == undisturbed, difference(end, undisturbed)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_killed_where_effect_and_record_stand_apart(site: Site) -> None:
    told, end = site.play(KINDS, CHOSEN)
    assert (end.code, end.serves, end.left) == (5, "the old", [])
    assert end.effects["offerings"] == 1
    assert end.effects["revisions of credcoin-production-api"] == 0
    assert len(told.killed) >= len(CHOSEN) - 1


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("boundaries", ["step: *", "write: *", "read: *"])
def test_killed_at_every_boundary_of_one_night_in_turn(site: Site, boundaries: str) -> None:
    _, end = site.play(KINDS, [boundaries])
    check(end, site)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_killed_once_at_each_boundary_from_the_plan_on(site: Site) -> None:
    passed = site.boundaries(*KINDS)
    planned = passed.index("step: plan#1 after")
    for boundary in dict.fromkeys(passed[planned:]):
        if not boundary.startswith("read:"):
            _, end = site.play(KINDS, [boundary])
            check(end, site)
