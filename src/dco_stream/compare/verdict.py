"""The outcome of a comparison, as a value that says when and how it came about, and until when it may be relied on."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from dco_stream.compare.reading import Subject

GOOD_FOR = timedelta(hours=24)
Method = Literal["plugin", "bolt"]
DifferenceKind = Literal["node", "relationship", "place", "index", "constraint"]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two databases, as it was compared."""

    name: str
    uri: str
    database: str
    version: str
    transaction: int
    fenced: bool | None
    """Whether it refused commits meanwhile; None when nobody could tell."""
    method: Method
    nodes: int
    relationships: int


class Gap(msgspec.Struct, frozen=True):
    """What is summed up and differs: how many there are on each side; equal numbers mean that their content differs."""

    subject: Subject
    a: int
    b: int


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One element that differs: as it is on each side, None where it is not."""

    kind: DifferenceKind
    a: str | None
    b: str | None
    detail: str = ""
    """In a few words what differs, for one that both sides have."""


class InvariantAnswer(msgspec.Struct, frozen=True):
    """What a database answered to an invariant; `trouble` is empty, or why it did not hold."""

    name: str
    server: str
    holds: bool
    trouble: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether two databases hold the same, and what differs if not."""

    equal: bool
    transaction: int | None
    """At which transaction both stood; None if they were compared although they stood at different ones."""
    compared_at: datetime
    expires_at: datetime
    a: Compared
    b: Compared
    gaps: tuple[Gap, ...]
    differences: tuple[Difference, ...]
    """The first of each kind; more may differ."""
    doubles: int
    """Nodes with relationships that look like another in every round: they may be exchanged with one another."""
    rounds: int
    """How often nodes that look the same were told apart by their neighbours."""
    settled: bool
    """False if more rounds might have found more."""
    invariants: tuple[InvariantAnswer, ...]
    salt: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether they are equal and all invariants hold."""
        return self.equal and all(answer.holds for answer in self.invariants)

    def is_valid(self, now: datetime) -> bool:
        """Say whether it may still be relied on; no longer than a day, and not before it was made."""
        return self.compared_at <= now < self.expires_at
