"""Whether two servers hold the same, as `dco-stream compare` tells it."""

from datetime import datetime

import msgspec


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be compared: names of databases, with `:follower`, or Bolt addresses; secrets by their places."""

    a: str
    b: str
    login: str | None = None
    key: str | None = None
    share: float = 0.5
    any_transaction: bool = False


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two, as it was compared."""

    name: str
    uri: str
    version: str
    transaction: int
    fenced: bool | None
    method: str
    nodes: int
    relationships: int


class Subject(msgspec.Struct, frozen=True):
    """What is summed up: elements of a label or type, or one of their property keys."""

    kind: str
    name: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {f':{self.name}' if self.name else 'without a label'}{self.key and f'.{self.key}'}"


class Gap(msgspec.Struct, frozen=True):
    """A sum that differs, and how many elements it is of on each side."""

    subject: Subject
    a: int
    b: int


class Difference(msgspec.Struct, frozen=True):
    """An element that differs, as it is on each side."""

    kind: str
    a: str | None
    b: str | None
    detail: str

    def __str__(self) -> str:
        if self.a is None or self.b is None:
            return f"{self.kind} only in {'A' if self.b is None else 'B'}: {self.a or self.b}"
        return f"{self.kind} {self.a}: {self.detail}"


class Answer(msgspec.Struct, frozen=True):
    """What B answered to an invariant."""

    name: str
    holds: bool
    trouble: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict. It must not be relied on after `expires_at`."""

    equal: bool
    transaction: int | None
    compared_at: datetime
    expires_at: datetime
    a: Side
    b: Side
    gaps: tuple[Gap, ...]
    differences: tuple[Difference, ...]
    doubles: int
    settled: bool
    invariants: tuple[Answer, ...]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether they hold the same, and all invariants are true."""
        return self.equal and all(answer.holds for answer in self.invariants)
