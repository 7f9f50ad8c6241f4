"""One server that the short tests share; the long ones start their own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.real.plugin.servers import OLDER, Server, stopped_at_last

Make = Callable[..., Server]
# Two runs of these tests on one machine must not meet.
NETWORK = f"127.9.{20 + os.getpid() % 200}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("plugin") / "server", f"{NETWORK}.100", OLDER)
    with stopped_at_last(made):
        made.start()
        yield made


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a server, not yet started, and stop it at the end."""
    made: list[Server] = []

    def making(version: str = OLDER, *, jar: Path | None = None) -> Server:
        fourth = len(made) + 1
        made.append(Server(tmp_path / f"server-{fourth}", f"{NETWORK}.{fourth}", version, jar=jar))
        return made[-1]

    try:
        yield making
    finally:
        for server in made:
            server.stop(kill=True)
