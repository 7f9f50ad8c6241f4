"""What people hand in for a night: approvals, rejections, aborts. Written once each, read by the night that waits."""

import secrets
from collections.abc import Collection

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


def handed_in(objects: Objects, night: str, seen: Collection[str] = ()) -> dict[str, Ballot | None]:
    """Return a night's ballots by their keys in the order of their times, but those of `seen`; None is garbage.

    A ballot may sort before others that came earlier: clocks differ. What was seen is therefore told by keys.
    """
    return {key: _read(objects, key) for key in objects.list(prefix_of(night)) if key not in seen}


def _read(objects: Objects, key: str) -> Ballot | None:
    try:
        return msgspec.json.decode(objects.get(key) or b"", type=Ballot)
    except msgspec.DecodeError:
        return None


def statement(ballot: Ballot) -> str:
    """Return what a ballot's proof must cover: night, plan digest and verdict."""
    return f"dco:{ballot.night}:{ballot.digest}:{ballot.verdict}"
