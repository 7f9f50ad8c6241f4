"""The chained journal: append, concurrency, and every way to tamper with it."""

import itertools
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco.model.canonical import canonical
from dco.model.finding import Mark
from dco.model.journal import Entry
from dco.providers.memory import MemoryObjects
from dco.record import journal
from dco.record.journal import ChainedJournal


class Ticks:
    def __init__(self) -> None:
        self._count = itertools.count()

    def now(self) -> str:
        return f"2026-01-01T00:00:{next(self._count):06.3f}Z"

    def seconds(self) -> float:
        return float(next(self._count))

    def sleep(self, seconds: float) -> None:
        del seconds


def written(count: int = 6) -> MemoryObjects:
    objects = MemoryObjects()
    chain = ChainedJournal(objects, Ticks())
    chain.write("n1", "night", "it begins", "begin")
    for number in range(count - 2):
        chain.write("n1", "step", f"step {number}", f"n1/{number}", {"before": number})
    chain.write("n1", "ended", "quiet", "ended")
    return objects


def test_entries_are_chained_and_anchored() -> None:
    objects = written()
    found = tuple(journal.entries(objects))
    assert [entry.sequence for entry in found] == [1, 2, 3, 4, 5, 6]
    assert all(later.previous == entry.digest for entry, later in itertools.pairwise(found))
    assert journal.verify(objects)[0].mark is Mark.OK


def test_a_token_is_written_once_also_by_a_restarted_process() -> None:
    objects = written()
    for _ in range(3):
        ChainedJournal(objects, Ticks()).write("n1", "step", "step 0", "n1/0", {"before": 0})
    assert len(tuple(journal.entries(objects))) == 6


def test_two_writers_never_fork_the_chain() -> None:
    objects = MemoryObjects()
    writers = [ChainedJournal(objects, Ticks()) for _ in range(2)]
    for number in range(10):
        writers[number % 2].write(f"n{number % 2}", "step", "s", f"t{number}")
    assert [entry.sequence for entry in journal.entries(objects)] == list(range(1, 11))
    assert journal.verify(objects)[0].mark is Mark.OK


def flip(objects: MemoryObjects) -> None:
    key = journal.key_of(3)
    body = objects.get(key)
    assert body is not None
    objects.put(key, body.replace(b"step 1", b"step 9"))


def lose_tail(objects: MemoryObjects) -> None:
    objects.delete(journal.key_of(6))
    objects.delete(journal.key_of(5))


def lose_middle(objects: MemoryObjects) -> None:
    objects.delete(journal.key_of(3))


def rebuild(objects: MemoryObjects) -> None:
    previous = None
    for key in objects.list("journal/"):
        entry = msgspec.json.decode(objects.get(key) or b"", type=Entry)
        entry = msgspec.structs.replace(
            entry, sentence=entry.sentence.upper(), previous=previous.digest if previous else entry.previous
        )
        objects.put(key, canonical(entry))
        previous = entry


def garbage(objects: MemoryObjects) -> None:
    objects.put(journal.key_of(2), b"\x00not json")


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (flip, "entry 3 was changed"),
        (lose_tail, "the tail is lost"),
        (lose_middle, "entry 3 is missing"),
        (rebuild, "rebuilt"),
        (garbage, "entry 2"),
    ],
)
def test_tampering_is_found_and_placed(tamper: Callable[[MemoryObjects], None], says: str) -> None:
    objects = written()
    tamper(objects)
    finding = journal.verify(objects)[0]
    assert finding.mark is Mark.NG
    assert says in finding.detail


def test_an_anchor_that_was_written_over_still_speaks() -> None:
    objects = written()
    rebuild(objects)
    for key in objects.list("anchors/"):
        sequence = int(key[len("anchors/") :].split(".")[0])
        entry = msgspec.json.decode(objects.get(journal.key_of(sequence)) or b"", type=Entry)
        objects.put(key, canonical(journal.Anchor(sequence, entry.digest)))
    assert journal.verify(objects)[0].mark is Mark.NG


@given(st.integers(1, 6), st.integers(0, 10_000), st.integers(1, 255))
def test_any_flipped_byte_is_found(sequence: int, place: int, mask: int) -> None:
    objects = written()
    body = bytearray(objects.get(journal.key_of(sequence)) or b"")
    body[place % len(body)] ^= mask
    objects.put(journal.key_of(sequence), bytes(body))
    assert journal.verify(objects)[0].mark is Mark.NG
