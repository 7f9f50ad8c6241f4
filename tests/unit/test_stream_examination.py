"""What may be kept and followed, and what is refused because nobody proved it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from dco_stream.examination import Facts, Finding, judge, judge_stream
from dco_stream.moments import Range
from dco_stream.server import Status
from dco_stream.state import Kept, PartState, State, iso
from dco_stream.verification import Harm, Verified

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
STATUS = Status(
    now=0, transaction=7, log_version=1, log_offset=100, lowest_log_version=1, needed_log_version=1, log_bytes=100,
    log_name="a", fenced=False, reason="", refused=0, held=False, following=False, applied=0, written_millis=0,
    format="aligned", kernel="V5",
)  # fmt: skip
GOOD = Facts(version="5.26.30", edition="community", plugin="5.26.30", statuses={"neo4j": STATUS, "system": STATUS})
STATE = State(
    database="ledger", by="host:1", at=iso(NOW), base="20260101",
    parts={"neo4j": PartState(kept=Kept(series="a.1", transaction=7, until=iso(NOW), risk_seconds=0.4))},
)  # fmt: skip
VERIFIED = Verified(
    database="ledger", at=iso(NOW - timedelta(hours=5)), since=None, objects=9, bytes=9, seconds=1, harm=(),
    broken_off=(), ranges=(Range(0, 1),), holes=(),
)  # fmt: skip


def refused(found: list[Finding]) -> list[Finding]:
    bad = [one for one in found if one.mark == "NG"]
    assert all(one.remedy for one in bad)
    return bad


@pytest.mark.parametrize("version", ["5.26.0", "5.26.30", "2026.08.1"])
def test_what_is_proved_is_good(version: str) -> None:
    assert not refused(list(judge(msgspec.structs.replace(GOOD, version=version, plugin=version))))


@pytest.mark.parametrize(
    ("change", "what", "said"),
    [
        ({"edition": "enterprise"}, "edition", "enterprise: its internals are not proved"),
        ({"version": "2027.01.0"}, "version", "Neo4j 2027.01.0 is not proved"),
        ({"version": "5.260.0"}, "version", "not proved"),
        ({"plugin": None, "statuses": {}}, "plugin", "not there"),
        ({"statuses": {"neo4j": msgspec.structs.replace(STATUS, format="block")}}, "store of neo4j", "block"),
        ({"others": ("apoc",), "apoc": {"triggers": 2}}, "APOC", "2 triggers"),
        ({"others": ("apoc",), "apoc": {"triggers": 0, "jobs": 1}}, "APOC", "1 jobs"),
        ({"others": ("gds",)}, "other plugins", "gds: never tried"),
    ],
)
def test_what_nobody_proved_is_refused(change: dict[str, object], what: str, said: str) -> None:
    (only,) = refused(list(judge(msgspec.structs.replace(GOOD, **change))))
    assert only.what == what
    assert said in only.detail


def test_apoc_that_does_nothing_by_itself_is_named_and_good() -> None:
    found = list(judge(msgspec.structs.replace(GOOD, others=("apoc",), apoc={"jobs": 0})))
    assert not refused(found)
    assert any(one.what == "APOC" for one in found)


def test_a_stream_that_runs_and_was_verified_is_good() -> None:
    assert not refused(list(judge_stream(STATE, VERIFIED, 7, NOW)))


@pytest.mark.parametrize(
    ("state", "verified", "said"),
    [
        (None, VERIFIED, "none has ever run"),
        (msgspec.structs.replace(STATE, at=iso(NOW - timedelta(minutes=10))), VERIFIED, "said nothing for 600 s"),
        (msgspec.structs.replace(STATE, troubles={"keep neo4j": "no answer"}), VERIFIED, "no answer"),
        (msgspec.structs.replace(STATE, base=None), VERIFIED, "nothing can be restored"),
        (msgspec.structs.replace(STATE, parts={"neo4j": PartState()}), VERIFIED, "none of its log is kept"),
        (STATE, None, "never verified"),
        (STATE, msgspec.structs.replace(VERIFIED, at=iso(NOW - timedelta(days=9))), "9 days ago"),
        (STATE, msgspec.structs.replace(VERIFIED, harm=(Harm("k", "gone"),)), "1 things are damaged"),
    ],
)
def test_a_stream_that_stands_still_is_told(state: State | None, verified: Verified | None, said: str) -> None:
    (only,) = refused(list(judge_stream(state, verified, 7, NOW)))
    assert said in only.detail


def test_a_log_that_is_not_kept_in_time_is_told() -> None:
    late = Kept(series="a.1", transaction=7, until=iso(NOW), risk_seconds=90)
    state = msgspec.structs.replace(STATE, parts={"neo4j": PartState(kept=late)})
    (only,) = refused(list(judge_stream(state, VERIFIED, 7, NOW)))
    assert "the last 90 s is not kept" in only.detail
