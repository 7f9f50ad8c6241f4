"""Small pieces of a log become large ones: whatever dies in between, every byte and every moment stays."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.stream_archive import NAMES, PIECE, Place, bucket_place
from tests.unit.stream_logs import Log, copies, logs

from dco_stream import choosing, joining
from dco_stream.archive import segments
from dco_stream.archive.archive import Archive
from dco_stream.archive.segments import Position, Segment
from dco_stream.bucket import Bucket
from dco_stream.errors import Damaged, Unreachable

PIECES = 20
LEAST, MOST = 4, 350


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with bucket_place(tmp_path, monkeypatch) as made:
        yield made


def content(archive: Archive, found: list[Segment]) -> str:
    """Every byte that the pieces have, and nothing else."""
    chosen, gap = segments.chain(found, Position(0, 0))
    assert gap is None
    laid = 0
    told = b""
    for one in chosen:
        laid = laid if one.offset else 0
        told += archive.segment("log.1", "neo4j", one)[laid - one.offset :]
        laid = one.end
    return told.decode()


WHOLE = "".join(f"{number:0{PIECE}}" for number in range(PIECES))


def join(archive: Archive) -> None:
    for _ in joining.join(archive, "log.1", "neo4j", LEAST, MOST):
        pass


class Dying(Bucket):
    """A bucket of which one is cut off in the middle of what one does."""

    left = 10**9

    def put(self, key: str, content: bytes) -> None:
        self._count()
        super().put(key, content)

    def delete(self, keys: list[str]) -> None:
        for key in keys:  # as S3 does: some of them may be gone
            self._count()
            super().delete([key])

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Unreachable("it was killed")


@pytest.mark.parametrize("steps", [0, 1, 4, 7, 8, 15, 30])
def test_whoever_is_killed_while_joining_loses_nothing_and_the_next_one_ends_it(
    place: Place, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.copy()
    place.log(PIECES)
    listed = place.archive.segments("log.1", "neo4j")
    before = place.json("list", "ledger")["ranges"]
    monkeypatch.setattr(place.archive.bucket, "__class__", Dying)
    dying: Any = place.archive.bucket
    dying.left = steps
    if steps < 20:
        with pytest.raises(Unreachable):
            join(place.archive)
    dying.left = 10**9
    # Who had listed the pieces before still reads them, whether they are there or joined.
    assert content(place.archive, listed) == WHOLE
    assert content(place.archive, place.archive.segments("log.1", "neo4j")) == WHOLE
    assert place.json("list", "ledger")["ranges"] == before
    assert place.json("verify", "ledger")["harm"] == []
    join(place.archive)
    left = place.archive.segments("log.1", "neo4j")
    assert len(left) < PIECES / 2
    assert content(place.archive, left) == WHOLE
    assert place.json("list", "ledger")["ranges"] == before
    join(place.archive)
    assert place.archive.segments("log.1", "neo4j") == left


def test_a_restore_that_began_before_ends_well(place: Place) -> None:
    place.copy()
    place.log(PIECES)
    place.install()
    asked = place.archive.segments("log.1", "system")
    for name in NAMES:
        for _ in joining.join(place.archive, "log.1", name, LEAST, MOST):
            pass
    assert len(place.archive.segments("log.1", "system")) < len(asked)
    assert place.archive.segment("log.1", "system", asked[3]) == f"{3:0{PIECE}}".encode()
    place.call(*place.restore("latest"))
    laid = b"".join(path.read_bytes() for path in sorted((place.into / "transactions" / "neo4j").iterdir()))
    assert laid.decode() == WHOLE


def test_nothing_is_made_of_a_damaged_piece_and_nothing_of_it_deleted(place: Place) -> None:
    place.log(PIECES)
    key = place.key_of_piece(2)
    place.spoil(key)
    with pytest.raises(Damaged):
        join(place.archive)
    assert len(place.archive.segments("log.1", "neo4j")) == PIECES


def test_few_pieces_are_let_be_and_the_last_one_always(place: Place) -> None:
    place.log(LEAST)
    found = place.archive.segments("log.1", "neo4j")
    assert joining.plan(found, LEAST, 10**6) == []
    assert joining.plan(found, LEAST - 1, 10**6) == [found[:-1]]


def test_a_piece_that_alone_says_what_it_follows_stays() -> None:
    word: dict[str, Any] = {"version": 1, "offset": 0, "transaction": 9, "until": 9, "sha256": "0" * 64}
    begun_there, read_on = Segment(end=30, before=0, **word), Segment(end=20, before=600, **word)
    assert joining.superfluous([begun_there, read_on]) == []
    assert joining.superfluous([begun_there, Segment(end=20, before=0, **word)])


@given(st.data())
def test_what_two_join_and_delete_in_any_order_promises_what_it_did(data: st.DataObject) -> None:
    log = data.draw(logs())
    part = data.draw(copies(log))
    there = set(log.pieces)
    promised = choosing.span(part, list(log.pieces), None)
    order = random.Random(data.draw(st.integers(0, 99)))  # noqa: S311
    listings = [set(there), set(there)]
    for _ in range(2):
        for listing in listings:
            made = [joined(group, listing) for group in joining.plan(list(listing), 2, data.draw(st.integers(2, 20)))]
            listing |= set(made)
            there |= set(made)
        doomed = [one for listing in listings for _, within in joining.superfluous(list(listing)) for one in within]
        order.shuffle(doomed)
        for one in doomed:
            there.discard(one)
            assert bytes_there(log, there) == bytes_there(log, set(log.pieces))
            assert choosing.span(part, list(there), None) == promised
        listings = [set(there), set(there)]


def joined(group: list[Segment], listed: set[Segment]) -> Segment:
    """What becomes of a group, without its bytes."""
    return joining.become(group, list(listed), f"{group[0].offset:064x}")


def bytes_there(log: Log, there: set[Segment]) -> set[int]:
    return {number for one in there for number in log.content(one)}
