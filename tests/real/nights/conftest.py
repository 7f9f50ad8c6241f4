"""One whole world for all nights of this folder, put in order between two tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.real.nights.stage import Stage, open_stage

from dco_sandbox import down, up
from dco_sandbox.story import Story
from dco_sandbox.world import World, load


def _silent(_: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="session")
def nights_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A world with the first release record; one that is up already when NIGHTS_WORLD names its directory."""
    if given := os.environ.get("NIGHTS_WORLD"):
        yield open_stage(load(Path(given)), tmp_path_factory.mktemp("given"))
        return
    world = up.bring_up(
        tmp_path_factory.mktemp("nights") / "world", Story(_silent), minute_seconds=up.DEMO_MINUTE_SECONDS
    )
    try:
        stage = open_stage(world, tmp_path_factory.mktemp("adopt"))
        done = stage.dco("adopt")
        assert done.code == 0, done.err
        yield stage
    finally:
        down.bring_down(world)
        down.delete(world)


@pytest.fixture
def stage(nights_world: Stage, tmp_path: Path) -> Iterator[Stage]:
    """The world as it was first adopted or last deployed, with nothing changed, nothing broken and nobody waiting."""
    nights_world.scratch = tmp_path
    nights_world.clean()
    yield nights_world
    nights_world.clean()


@pytest.fixture
def world(stage: Stage) -> World:
    """The world itself."""
    return stage.world
