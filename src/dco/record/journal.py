"""The journal: one object an entry, each naming the hash of the one before, its head anchored under object lock.

Appending is a conditional write of the next number, so two writers can't fork the chain. Anchors can't be rewritten
for years: a flipped byte breaks the chain, a lost tail ends before the last anchor, a rebuilt chain disagrees with one.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from dco.model.canonical import canonical
from dco.model.finding import Finding, Mark
from dco.model.journal import FIRST, Entry
from dco.seams.clock import Clock
from dco.seams.objects import Objects

PREFIX = "journal/"
ANCHORS = "anchors/"
ANCHOR_DAYS = 365
ANCHORED = frozenset({"step", "ended", "person"})
"""Kinds of entry after which the head is anchored: before each effect, and when a night or a person has ended."""


class Anchor(msgspec.Struct, frozen=True):
    """Where the head stood: a number and the hash of that entry."""

    sequence: int
    digest: str


class ChainedJournal:
    """Implements `dco.seams.journal.Journal` over a bucket."""

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock
        self._tail: list[Entry] = []
        """The newest entries that were read, oldest first; the last is the head."""

    def write(self, night: str, kind: str, sentence: str, token: str, facts: dict[str, Any] | None = None) -> None:
        """Append an entry; durable when this returns. A night writes one entry under a token."""
        while True:
            self._catch_up(night)
            if any(entry.night == night and entry.token == token for entry in self._tail):
                return
            entry = self._next(night, kind, sentence, token, facts or {})
            if self._objects.put_new(key_of(entry.sequence), canonical(entry)):
                self._tail.append(entry)
                if kind in ANCHORED:
                    anchor = Anchor(entry.sequence, entry.digest)
                    self._objects.put_locked(f"{ANCHORS}{entry.sequence:010d}.json", canonical(anchor), ANCHOR_DAYS)
                return

    def _next(self, night: str, kind: str, sentence: str, token: str, facts: dict[str, Any]) -> Entry:
        head = self._tail[-1] if self._tail else None
        return Entry(
            sequence=head.sequence + 1 if head else 1,
            previous=head.digest if head else FIRST,
            at=self._clock.now(),
            night=night,
            kind=kind,
            sentence=sentence,
            token=token,
            facts=facts,
        )

    def _catch_up(self, night: str) -> None:
        """Read what others appended; the first time, back to where this night began."""
        if not self._tail:
            for key in reversed(self._objects.list(PREFIX)):
                entry = _read(self._objects, key)
                self._tail.insert(0, entry)
                if entry.night != night or entry.kind == "night":
                    break
            return
        for key in self._objects.list(PREFIX, after=key_of(self._tail[-1].sequence)):
            self._tail.append(_read(self._objects, key))


def key_of(sequence: int) -> str:
    """Return the object key of an entry; keys sort as numbers do."""
    return f"{PREFIX}{sequence:010d}.json"


def entries(objects: Objects, after: int = 0) -> Iterator[Entry]:
    """Read the journal in order, from the entry after a number."""
    for key in objects.list(PREFIX, after=key_of(after) if after else ""):
        yield _read(objects, key)


def _read(objects: Objects, key: str) -> Entry:
    return msgspec.json.decode(objects.get(key) or b"{}", type=Entry)


def verify(objects: Objects) -> tuple[Finding, ...]:
    """Check the whole chain against itself and its anchors; say where it breaks. One OK finding when it does not."""
    digests: dict[int, str] = {}
    previous, expected = FIRST, 1
    for key in objects.list(PREFIX):
        try:
            entry = _read(objects, key)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return (_broken(f"entry {expected} ({key}) can't be read: {error}"),)
        if canonical(entry) != objects.get(key):
            return (_broken(f"entry {expected} ({key}) was changed: its bytes are not what dco writes"),)
        if key != key_of(expected) or entry.sequence != expected:
            return (_broken(f"entry {expected} is missing; after it comes {key}"),)
        if entry.previous != previous:
            where = expected - 1 or expected
            return (_broken(f"entry {where} was changed: entry {expected} names another hash for the one before it"),)
        previous = digests[expected] = entry.digest
        expected += 1
    return _against_anchors(objects, digests) or (
        Finding(Mark.OK, "journal", f"{len(digests)} entries, chained and anchored"),
    )


def _against_anchors(objects: Objects, digests: dict[int, str]) -> tuple[Finding, ...]:
    for key in objects.list(ANCHORS):
        anchor = msgspec.json.decode(objects.first(key) or b"{}", type=Anchor)
        if anchor.sequence not in digests:
            return (_broken(f"the tail is lost: entry {anchor.sequence} was anchored, the last is {len(digests)}"),)
        if digests[anchor.sequence] != anchor.digest:
            return (_broken(f"the chain was rebuilt or entry {anchor.sequence} changed: its anchor has another hash"),)
    return ()


def _broken(detail: str) -> Finding:
    remedy = "older versions of the object are kept by the bucket: compare them, and ask who could write to it"
    return Finding(Mark.NG, "journal", detail, remedy)
