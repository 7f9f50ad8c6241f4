"""What `dco status` says of a stream."""

from msgspec.structs import replace

from dco.model.backup import Followed, Kept, Part, StreamState
from dco.review.streams import sentence

NOW = "2026-11-26T03:15:10.000Z"
KEPT = Part(kept=Kept(transaction=7, until="2026-11-26T03:15:00.000Z", risk_seconds=0.6))
STATE = StreamState(
    by="vm:879",
    at="2026-11-26T03:15:00.000Z",
    source="bolt://10.0.1.5:7687",
    base="20261126T030000Z-6118ab",
    parts={"neo4j": KEPT, "system": Part(kept=Kept(transaction=9, until="2026-11-26T03:14:59.000Z", risk_seconds=1.4))},
)


def test_a_stream_that_is_well_says_what_is_at_risk() -> None:
    assert sentence(STATE, NOW) == "the last 1.4 s at risk, newest copy 20261126T030000Z-6118ab (said 10 s ago)"


def test_a_follower_and_a_copy_under_way_are_shown() -> None:
    followed = Part(kept=KEPT.kept, followed=Followed(behind=3, behind_seconds=0.2))
    told = sentence(replace(STATE, follower="bolt://10.0.1.6:7687", copying="12 MB", parts={"neo4j": followed}), NOW)
    assert "a copy is under way (12 MB)" in told
    assert "bolt://10.0.1.6:7687 follows, 3 transactions and 0.2 s behind" in told
    assert "is to follow" in sentence(replace(STATE, follower="bolt://10.0.1.6:7687"), NOW)


def test_silence_is_said_with_what_may_be_lost() -> None:
    assert sentence(STATE, "2026-11-26T03:16:00.000Z").startswith("the last")
    told = sentence(STATE, "2026-11-26T03:16:01.000Z")
    assert told.startswith("NG: nobody has said anything for 61 s (vm:879 did at 2026-11-26T03:15:00.000Z)")
    assert "since 2026-11-26T03:14:59.000Z may be on the database's host alone" in told
    assert "for 65 min" in sentence(STATE, "2026-11-26T04:20:00.000Z")


def test_troubles_and_a_stream_that_never_ran_want_a_person() -> None:
    assert (
        sentence(replace(STATE, troubles={"keep neo4j": "the bucket refuses"}), NOW)
        == "NG: keep neo4j: the bucket refuses"
    )
    assert sentence(None, NOW).startswith("NG: no stream has ever run for it")
    assert "nothing is kept yet" in sentence(replace(STATE, parts={}), NOW)
