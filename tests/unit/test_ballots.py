"""Ballots in the bucket: none is missed, whatever its maker's clock says."""

from dco.model.approval import Ballot, Verdict
from dco.providers.memory import MemoryObjects
from dco.record import ballots


def _ballot(at: str) -> Ballot:
    return Ballot(night="n", digest="d", verdict=Verdict.APPROVE, why="", at=at, proof="")


def test_a_ballot_of_a_slow_clock_is_new_although_it_sorts_first() -> None:
    objects = MemoryObjects()
    ballots.hand_in(objects, _ballot("2026-11-23T03:00:05.000Z"))
    seen = tuple(ballots.handed_in(objects, "n"))
    ballots.hand_in(objects, _ballot("2026-11-23T03:00:01.000Z"))
    assert [one.at for one in ballots.handed_in(objects, "n", seen).values() if one] == ["2026-11-23T03:00:01.000Z"]


def test_garbage_is_returned_once_as_such() -> None:
    objects = MemoryObjects()
    objects.put(f"{ballots.prefix_of('n')}x.json", b"{}")
    found = ballots.handed_in(objects, "n")
    assert list(found.values()) == [None]
    assert ballots.handed_in(objects, "n", tuple(found)) == {}
