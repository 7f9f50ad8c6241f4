"""A night that deploys, killed at its boundaries and started again, ends as the one that nobody disturbed."""

import pytest
from tests.crash.ends import End, difference
from tests.crash.site import Site

KINDS = ("good", "stack")
CHOSEN = (
    "step: begin offering#1 after",
    "write: begin offering#1 ecs:RunTask#1 after",
    "step: journal stack.apply main#1 after",
    "step: start stack.apply main#1 after",
    "step: start image.build api#1 after",
    "write: start service.roll api#1 ecs:RegisterTaskDefinition#1 after",
    "write: start service.roll api#1 ssm:PutParameter#1 before",
    "write: complete service.roll api#1 ecs:UpdateService#1 after",
    "step: record the release#1 after",
    "write: end#1 s3:PutObject#1 after",
    "write: end#1 s3:PutObject#2 after",
    "step: end#1 after",
)
"""Where an effect and its record stand apart the furthest."""


def same(end: End, undisturbed: End) -> None:
    assert undisturbed.left == []
    assert end == undisturbed, difference(end, undisturbed)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("boundaries", [CHOSEN[4::4], pytest.param(CHOSEN, marks=pytest.mark.long)], ids=["few", "all"])
def test_killed_where_effect_and_record_stand_apart(site: Site, boundaries: tuple[str, ...]) -> None:
    undisturbed = site.undisturbed(*KINDS)
    assert (undisturbed.code, undisturbed.serves, undisturbed.effects["offerings"]) == (0, "the new", 1)
    told, end = site.play(KINDS, boundaries)
    assert len(told.killed) >= len(boundaries) - 1
    same(end, undisturbed)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("boundaries", ["step: *", "write: *", "read: *"])
def test_killed_at_every_boundary_of_one_night_in_turn(site: Site, boundaries: str) -> None:
    passed = site.boundaries(*KINDS)
    told, end = site.play(KINDS, [boundaries])
    kind = boundaries.partition(":")[0]
    assert len(told.killed) >= 0.9 * len({one for one in passed if one.startswith(kind)})
    same(end, site.undisturbed(*KINDS))


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_killed_once_at_each_boundary_that_writes(site: Site) -> None:
    undisturbed = site.undisturbed(*KINDS)
    differing: dict[str, End] = {}
    for boundary in dict.fromkeys(site.boundaries(*KINDS)):
        if boundary.startswith("read:"):
            continue
        told, end = site.play(KINDS, [boundary])
        if end != undisturbed or told.killed != [boundary]:
            differing[boundary] = end
    assert differing == {}
