"""What people hand in for a night: approvals, rejections, aborts. Written once each, read by the night that waits."""

import secrets

import msgspec

from dco.model.approval import Ballot
from dco.model.canonical import canonical
from dco.seams.objects import Objects


def prefix_of(night: str) -> str:
    """Return where a night's ballots lie."""
    return f"ballots/{night}/"


def hand_in(objects: Objects, ballot: Ballot) -> None:
    """Write a ballot; none is ever overwritten."""
    objects.put_new(f"{prefix_of(ballot.night)}{ballot.at}-{secrets.token_hex(4)}.json", canonical(ballot))


def handed_in(objects: Objects, night: str) -> tuple[Ballot, ...]:
    """Return a night's ballots in the order of their times; garbage under the prefix is left out."""
    ballots: list[Ballot] = []
    for key in objects.list(prefix_of(night)):
        try:
            ballots.append(msgspec.json.decode(objects.get(key) or b"", type=Ballot))
        except msgspec.DecodeError:
            continue
    return tuple(ballots)


def statement(ballot: Ballot) -> str:
    """Return what a ballot's proof must cover: night, plan digest and verdict."""
    return f"dco:{ballot.night}:{ballot.digest}:{ballot.verdict}"
