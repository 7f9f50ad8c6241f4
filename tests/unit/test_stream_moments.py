"""What is promised of backups: never a byte of a log twice or missing, never a moment that is not covered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.stream_logs import Log, copies, logs

from dco_stream import choosing, moments, retention
from dco_stream.archive import segments
from dco_stream.archive.segments import Position, Segment
from dco_stream.errors import BadConfiguration, Refused
from dco_stream.moments import Range
from dco_stream.restore import laid
from dco_stream.retention import Reach

WORDS = st.text(alphabet="0123456789abcdef-", max_size=200)


def bytes_of(log: Log, chosen: list[Segment]) -> list[int]:
    """The bytes that a restore would lay down."""
    ends: dict[int, int] = {}
    return [number for one in chosen for number in log.content(one)[laid(one, ends) :]]


@given(st.data())
def test_a_chain_has_every_byte_once_and_goes_as_far_as_there_is_something(data: st.DataObject) -> None:
    log = data.draw(logs())
    start = Position(log.first + data.draw(st.integers(0, len(log.lengths) - 1)), 0)
    chosen, gap = segments.chain(list(log.pieces), start)
    begin = log.number(start)
    there = {number for one in log.pieces for number in log.content(one)}
    reach = next(number for number in range(begin, sum(log.lengths) + 1) if number not in there)
    assert bytes_of(log, chosen) == list(range(begin, reach))
    assert (gap is not None) == any(number > reach for number in there)
    if gap:
        assert log.number(gap) == reach


@given(st.data())
def test_every_moment_that_is_promised_is_restored_with_all_that_was_closed_before(data: st.DataObject) -> None:
    log = data.draw(logs())
    part = data.draw(copies(log))
    span = choosing.span(part, list(log.pieces), None)
    for moment in range(span.begin, span.end + 1):
        there = bytes_of(log, choosing.pieces(part, list(log.pieces), None, moment))
        closed = range(log.number(part.needed), moment // 10)
        assert there[: len(closed)] == list(closed)
        assert len(there) >= log.number(part.end) - log.number(part.needed)


@given(st.data())
def test_a_moment_that_is_not_promised_is_refused(data: st.DataObject) -> None:
    log = data.draw(logs())
    part = data.draw(copies(log))
    span = choosing.span(part, list(log.pieces), None)
    for moment in (span.begin - 1, max(span.end, span.begin - 1) + 1):
        with pytest.raises(Refused):
            choosing.pieces(part, list(log.pieces), None, moment)


@given(st.data())
def test_an_undisturbed_log_promises_everything_that_was_told(data: st.DataObject) -> None:
    log = data.draw(logs(whole=True))
    part = data.draw(copies(log))
    span = choosing.span(part, list(log.pieces), None)
    told = [one.until for one in log.pieces if one.version >= part.needed.version]
    assert span.end == (max(told) or span.end)
    assert span.gap is None


@given(WORDS)
def test_a_damaged_name_is_none_of_ours(name: str) -> None:
    found = segments.parse(name)
    assert found is None or found.name == name


@given(st.data())
def test_names_tell_what_they_are_made_of_and_sort_as_pieces_do(data: st.DataObject) -> None:
    pieces = data.draw(logs()).pieces
    assert [segments.parse(one.name) for one in pieces] == list(pieces)
    begins = [(one.begin, one.end) for one in sorted(pieces, key=lambda one: one.name)]
    assert begins == sorted(begins)


REACHES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


@given(REACHES, st.integers(0, 40))
def test_what_is_forgotten_is_needed_for_no_moment_that_is_kept(found: list[tuple[int, int]], since: int) -> None:
    reaches = [Reach(str(number), begin, end) for number, (begin, end) in enumerate(found)]
    kept = [one for one in reaches if one.id in retention.needed(reaches, since)]
    for moment in range(since, 42):
        assert any(_covers(one, moment) for one in kept) == any(_covers(one, moment) for one in reaches)
    assert bool(kept) == bool(reaches)


def _covers(one: Reach, moment: int) -> bool:
    return one.begin <= moment <= one.end


@given(REACHES)
def test_a_union_holds_the_same_moments_and_its_holes_hold_none(found: list[tuple[int, int]]) -> None:
    ranges = [Range(min(pair), max(pair)) for pair in found]
    union = moments.union(ranges)
    inside = {moment for one in ranges for moment in range(one.begin, one.end + 1)}
    assert {moment for one in union for moment in range(one.begin, one.end + 1)} == inside
    between = {moment for one in moments.holes(union) for moment in range(one.begin + 1, one.end)}
    assert not between & inside


@pytest.mark.parametrize("time", ["yesterday", "2026-11-26 03:15", ""])
def test_a_time_without_a_zone_or_sense_is_refused_with_an_example(time: str) -> None:
    with pytest.raises(BadConfiguration) as error:
        moments.read(time)
    assert error.value.remedy


def test_times_are_read_in_their_zone() -> None:
    assert moments.read("1970-01-01T01:00:01+01:00") == 1000
    assert moments.read("latest") is None
