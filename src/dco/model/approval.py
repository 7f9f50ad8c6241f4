"""Who said what to a plan, and what policy asks for."""

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """What a person says to a night."""

    APPROVE = "approve"
    REJECT = "reject"
    ABORT = "abort"


class Ballot(msgspec.Struct, frozen=True, kw_only=True):
    """One person's verdict as it was handed in: not yet proved, bound to a plan's digest."""

    night: str
    digest: str
    verdict: Verdict
    why: str
    at: str
    proof: str
    """What the identity provider can check: a signed request whose signature covers night, digest and verdict."""


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """A ballot whose identity was proved."""

    identity: str
    """An ARN."""
    digest: str
    verdict: Verdict
    why: str
    at: str


class Decision(msgspec.Struct, frozen=True):
    """What became of a plan: whether it may start, by whose word, in a sentence."""

    granted: bool
    reason: str
    votes: tuple[Vote, ...] = ()
    refused: tuple[str, ...] = ()
    """Ballots that did not count, each with its reason."""


class Freeze(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which no update starts."""

    since: str
    until: str
    why: str
    by: str
