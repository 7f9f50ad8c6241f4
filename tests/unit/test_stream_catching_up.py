"""A follower that was away for so long that the source's log does not reach back: it goes on with what is kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.stream_archive import PIECE, PIECES_A_FILE, Place, bucket_place
from tests.unit.stream_logs import logs

from dco_stream import catching_up
from dco_stream.archive.segments import Position
from dco_stream.errors import Refused
from dco_stream.follow import Follower
from dco_stream.server import Line
from dco_stream.state import Board

PIECES = 20
HEADER = 10


@given(st.data())
def test_what_is_chosen_has_every_byte_after_a_transaction(data: st.DataObject) -> None:
    log = data.draw(logs())
    told = sorted({one.transaction for one in log.pieces if one.transaction})
    transaction = data.draw(st.sampled_from(told)) if told else 0
    chosen = catching_up.choose(list(log.pieces), transaction)
    ends: dict[int, int] = {}
    laid = [number for one in chosen for number in log.content(one)[max(0, ends.get(one.version, 0) - one.offset) :]
            if not ends.update({one.version: one.end})]  # fmt: skip
    if chosen:
        assert laid[0] <= transaction < laid[-1] + 1
        assert chosen[0].offset == 0
        assert sorted(set(laid)) == list(range(laid[0], laid[-1] + 1))


@given(st.data())
def test_in_a_whole_log_it_is_always_found(data: st.DataObject) -> None:
    log = data.draw(logs(whole=True))
    told = sorted({one.transaction for one in log.pieces if one.transaction})
    for transaction in told[:-1]:
        assert catching_up.choose(list(log.pieces), transaction)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with bucket_place(tmp_path, monkeypatch) as made:
        made.log(PIECES)
        yield made


class Source:
    """A server whose log begins with its last file."""

    database = "neo4j"
    log_name = "log"
    transaction = PIECES

    def status(self) -> "Source":
        return self

    def one(self, procedure: str, *arguments: Any) -> dict[str, Any]:
        if procedure == "log":
            return {"data": b"", "fileEnd": 0, "endVersion": 3, "endOffset": 200, "transaction": PIECES, "now": 0}
        assert procedure == "locate"
        if arguments != (PIECES,):
            raise Refused(f"The log no longer holds transaction {arguments[0]}: take a new copy.")
        return {"header": HEADER, "logVersion": 3, "logOffset": 0}


class Target:
    """A follower that stands at a transaction; the inbox of its applier, which takes only what follows."""

    def __init__(self, transaction: int) -> None:
        self.transaction = transaction
        self.begun = self.started = 0
        self.files: dict[int, bytes] = {}
        self.boundaries: list[tuple[int, int]] = []

    def one(self, procedure: str, *arguments: Any) -> dict[str, Any]:
        if procedure == "follow":
            self.begun += 1
            return {"transaction": self.transaction}
        if procedure == "stand":
            return {"following": self.begun > self.started}
        version, offset, data, boundary = arguments
        there = self.files.setdefault(version, b"")
        assert len(there) == offset, "what does not follow is refused"
        assert offset or len(data) == HEADER
        self.files[version] = there + data
        self.boundaries += [(version, offset + len(data))] if boundary else []
        return {"transaction": self.transaction, "applied": 0}


def follow(place: Place, transaction: int) -> tuple[Follower, Target]:
    target = Target(transaction)
    follower = Follower(cast("Line", Source()), cast("Line", target), Board("ledger", "a test"), place.archive)
    follower.begin()
    return follower, target


def test_a_follower_goes_on_with_what_is_kept_and_then_with_the_source(place: Place) -> None:
    follower, target = follow(place, 8)
    assert sorted(target.files) == [1, 2, 3]  # transaction 8 ends in file 1
    numbers = range(PIECES_A_FILE, PIECES)
    assert b"".join(target.files[version] for version in (1, 2, 3)).decode() == "".join(
        f"{n:0{PIECE}}" for n in numbers
    )
    assert target.boundaries[-1] == (3, 200)
    assert follower.version == 3
    assert follower._reader.at == Position(3, 200)


def test_a_log_that_was_never_kept_so_far_back_is_refused(place: Place) -> None:
    with pytest.raises(Refused, match="take a new copy"):
        follow(place, PIECES + 3)


def test_a_follower_that_was_started_again_follows_although_nobody_writes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dco_stream.follow.LOOK_SECONDS", 0.0)
    follower, target = follow(place, 8)
    follower.step()
    assert target.begun == 1
    target.started = target.begun
    target.files.clear()
    follower.step()
    assert target.begun == 2
