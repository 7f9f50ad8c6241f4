"""Two servers that all comparisons share; a comparison is made by both methods, which must agree."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from tests.real.compare.pair import Pair
from tests.real.plugin.conftest import NETWORK, Make, make
from tests.real.plugin.servers import OLDER, Server, stopped_at_last

__all__ = ["Make", "make"]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    place = tmp_path_factory.mktemp("compare")
    a, b = (Server(place / name, f"{NETWORK}.{number}", OLDER) for name, number in (("a", 60), ("b", 61)))
    with stopped_at_last(a, b):
        with ThreadPoolExecutor(2) as both:
            list(both.map(Server.start, (a, b)))
        yield a, b


@pytest.fixture
def pair(servers: tuple[Server, Server]) -> Iterator[Pair]:
    with closing(Pair(*servers)) as made:
        made.clear()
        yield made
