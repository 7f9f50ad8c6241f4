"""One world for all crash tests: short minutes and bakes, policy that asks nobody, a place for messages."""

from collections.abc import Iterator

import pytest
from tests.crash.site import Inbox, Site

from dco_sandbox import down, repository, up
from dco_sandbox.story import Story

_QUICKER = {"bake_seconds = 6": "bake_seconds = 1", "interval_seconds = 1": "interval_seconds = 0.5"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A world that is up and adopted."""
    directory = tmp_path_factory.mktemp("crash") / "world"
    world = up.bring_up(directory, Story(lambda _: None), minute_seconds=1.0)
    inbox = Inbox(world.address(0, 1))
    made = Site(world, directory.parent / "night", inbox)
    try:
        _settle(made)
        yield made
    finally:
        inbox.server.shutdown()
        inbox.server.server_close()
        down.bring_down(world)
        down.delete(world)


def _settle(site: Site) -> None:
    file = site.world.repo / "dco.toml"
    text = file.read_text()
    for old, new in _QUICKER.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(f'{text}\n[notify]\nwebhook = "{site.inbox.url}"\n')
    repository.commit(site.world.repo, "What the crash tests need")
    adopted = site.dco("adopt")
    assert adopted.returncode == 0, adopted.stderr
