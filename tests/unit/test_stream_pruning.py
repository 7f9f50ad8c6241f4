"""A server's log is pruned behind those who read it, and never for its size: of that people are told."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dco_stream import config
from dco_stream.archive.segments import Position
from dco_stream.follow import Follower
from dco_stream.keep import Keeper
from dco_stream.server import Server
from dco_stream.state import Board
from dco_stream.upkeep import Pruning


class Source:
    """A server with files 3 to 9 of a log, and what it was asked to prune."""

    def __init__(self, size: int) -> None:
        self.pruned: list[int] = []
        self._size = size

    def line(self, _: str) -> "Source":
        return self

    def status(self) -> Any:
        return SimpleNamespace(lowest_log_version=3, log_bytes=self._size)

    def one(self, procedure: str, before: int) -> None:
        assert procedure == "prune"
        self.pruned.append(before)

    def close(self) -> None:
        pass


def prune(*, kept: int, followed: int | None, series: str = "log.1", size: int = 0) -> tuple[list[int], Board]:
    source, board = Source(size), Board("ledger", "a test")
    keeper = SimpleNamespace(kept=Position(kept, 0), series=series)
    followers = {} if followed is None else {"neo4j": SimpleNamespace(version=followed)}
    work = Pruning(
        cast("Server", source), config.Keep(log_limit_mb=1), {"neo4j": cast("Keeper", keeper)},
        cast("dict[str, Follower]", followers), board,
    )  # fmt: skip
    work.ending.set()
    work.step()
    return source.pruned, board


@pytest.mark.parametrize(
    ("kept", "followed", "pruned"), [(7, None, [7]), (7, 5, [5]), (5, 8, [5]), (7, 0, []), (3, None, []), (7, 3, [])]
)
def test_nothing_is_pruned_that_somebody_has_still_to_read(kept: int, followed: int | None, pruned: list[int]) -> None:
    assert prune(kept=kept, followed=followed)[0] == pruned


def test_nothing_is_pruned_while_nobody_knows_what_is_kept() -> None:
    assert prune(kept=7, followed=None, series="")[0] == []


def test_a_log_past_its_limit_is_told_and_still_only_pruned_behind_the_stream() -> None:
    pruned, board = prune(kept=3, followed=None, size=3 << 20)
    assert pruned == []
    said = board.read().troubles["log neo4j"]
    assert "3 MB on the database's disk, more than 1" in said
    assert "the database goes on" in said
    assert not prune(kept=3, followed=None, size=1 << 20)[1].read().troubles
