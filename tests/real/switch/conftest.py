"""A pair for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.real.plugin.conftest import NETWORK
from tests.real.plugin.servers import OLDER
from tests.real.stream.conftest import s3
from tests.real.stream.lab import S3
from tests.real.switch.pair import Pair

__all__ = ["MakePair", "s3"]
SWITCH_NETWORK = NETWORK.replace("127.9.", "127.11.")
MakePair = Callable[..., Pair]


@pytest.fixture
def make_pair(tmp_path: Path, s3: S3) -> Iterator[MakePair]:
    """Make a pair that is up and follows; stop it at the end."""
    made: list[Pair] = []

    def making(*names: str, versions: tuple[str, str] = (OLDER, OLDER), gates: int = 1) -> Pair:
        made.append(Pair(tmp_path, SWITCH_NETWORK, s3, names or ("ledger",), versions, gates=gates))
        made[-1].start()
        return made[-1]

    try:
        yield making
    finally:
        for pair in made:
            pair.stop()
