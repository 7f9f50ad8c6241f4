"""What is told of backups, and what is refused: a bucket in memory, copies and logs made by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from tests.unit.stream_archive import BEGIN, BUCKET, NAMES, STEP, Place, at, bucket_place

from dco_stream import retention, verification
from dco_stream.errors import BadConfiguration, Damaged, Refused, StreamError
from dco_stream.seed import demand_free
from dco_stream.state import Kept, PartState, State


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with bucket_place(tmp_path, monkeypatch) as made:
        yield made


def test_the_list_names_every_copy_and_what_can_be_restored(place: Place) -> None:
    place.copy(0)
    place.copy(8)
    place.log(20)
    said = place.call("list").stdout
    assert f"any time can be restored from {at(0)} to {at(20)}" in said
    assert "NG" not in said
    assert said.count("Neo4j 5.26.30") == 2


def test_a_gap_is_named_with_what_is_good_before_and_behind_it(place: Place) -> None:
    place.copy(0)
    place.copy(12)
    place.log(20, without=(7,))
    said = place.call("list", "ledger").stdout
    assert (
        f"the log of neo4j is broken off after {at(7)} (transaction 7): file 1 lacks a piece from byte 100 on" in said
    )
    assert f"any time can be restored from {at(0)} to {at(7)}" in said
    assert f"any time can be restored from {at(12)} to {at(20)}" in said
    assert f"NG no time can be restored between {at(7)} to {at(12)}" in said


def test_a_quiet_time_is_kept_as_long_as_the_stream_says_so(place: Place) -> None:
    place.copy(0)
    place.log(3)
    kept = {name: PartState(kept=Kept(series="log.1", transaction=3, until=at(9), risk_seconds=0)) for name in NAMES}
    place.archive.bucket.put(
        "ledger/state.json", msgspec.json.encode(State(database="ledger", by="it", at=at(9), parts=kept))
    )
    assert place.json("list")["ranges"] == [{"begin": BEGIN, "end": BEGIN + 9 * STEP}]


def test_an_unfinished_and_a_broken_copy_are_told(place: Place) -> None:
    place.copy(0)
    place.log(2)
    place.archive.bucket.put("ledger/bases/20260922T000000Z-bbbbbb/neo4j/000000.pack", b"")
    place.archive.bucket.put("ledger/bases/20260923T000000Z-cccccc/manifest.json", b"{")
    told = place.json("list")
    assert told["unfinished"] == ["20260922T000000Z-bbbbbb"]
    assert [one["id"] for one in told["broken"]] == ["20260923T000000Z-cccccc"]


def test_a_verification_reads_all_and_is_remembered(place: Place) -> None:
    place.copy(0)
    place.log(20)
    done = place.call("verify")
    assert done.exit_code == 0
    assert "all as written; 42 objects" in done.stdout
    found = verification.last(place.archive)
    assert found
    assert found.sound


@pytest.mark.parametrize("harm", ["changed", "gone", "pack", "manifest"])
def test_harm_is_named_with_what_can_still_be_restored(place: Place, harm: str) -> None:
    first, _ = place.copy(0), place.copy(12)
    place.log(20)
    piece, pack = place.key_of_piece(7), f"ledger/bases/{first.id}/neo4j/000000.pack"
    match harm:
        case "changed":
            place.spoil(piece)
        case "gone":
            place.archive.bucket.delete([piece])
        case "pack":
            place.spoil(pack)
        case _:
            place.spoil(f"ledger/bases/{first.id}/manifest.json")
    done = place.call("verify", "ledger")
    assert done.exit_code == 6
    told = {"changed": piece, "gone": "broken off", "pack": pack, "manifest": "manifest.json"}[harm]
    assert told in done.stdout
    begin = at(0) if harm in {"changed", "gone"} else at(12)
    assert f"any time can be restored from {begin} to " in done.stdout
    assert f"{at(12)} to {at(20)}" in done.stdout
    if begin == at(0):
        assert f"{at(0)} to {at(7)}" in done.stdout


def test_a_verification_of_the_last_days_reads_only_those(place: Place) -> None:
    place.copy(0)
    place.copy(12)
    place.log(20)
    place.spoil(place.key_of_piece(7))
    assert place.call("verify", "--since", at(13)).exit_code == 0
    assert place.call("verify", "--since", at(8)).exit_code == 6


def test_a_restore_is_proved_before_it_is_handed_out(place: Place) -> None:
    place.copy(0)
    place.log(20)
    place.install()
    made = place.json(*place.restore(at(9.5)))
    assert made["at"] == at(9.5)
    assert made["fenced"] is True
    assert (place.into / "databases" / "neo4j" / "neostore").read_bytes() == b"store"
    log = place.into / "transactions" / "neo4j"
    assert (log / "neostore.transaction.db.1").read_text() == "".join(f"{number:0100}" for number in range(6, 10))
    assert len(place.programs) == 4
    assert all(f"time={BEGIN + 95_000}" in line for line in place.programs[:2])
    assert sorted(line.split()[-1] for line in place.programs[2:]) == sorted(NAMES), "both are checked, side by side"
    assert [(place.into / "dco" / f"{name}.fence").exists() for name in NAMES] == [True, True]


def test_a_fence_is_lifted_only_on_demand_and_last(place: Place) -> None:
    place.copy(0)
    place.log(20)
    place.install()
    assert place.json(*place.restore("latest", "--lift"))["at"] == at(20)
    assert not list((place.into / "dco").glob("*.fence"))


@pytest.mark.parametrize("program", ["dco.Recover", "database check"])
def test_a_restore_that_failed_says_what_is_left(place: Place, program: str) -> None:
    place.copy(0)
    place.log(20)
    place.install(says=f'case $program in *"{program}"*) echo "it is broken"; exit 1;; esac')
    error = place.refused(*place.restore("latest", "--lift"))
    assert "it is broken" in error.what
    assert f"{place.into} holds a restore that failed: throw it away" in error.remedy
    assert (place.into / "dco" / "neo4j.fence").exists()
    again = place.refused(*place.restore("latest"))
    assert "is not empty" in again.what


def test_the_latest_is_what_reaches_farthest_not_the_newest_copy(place: Place) -> None:
    """Blue, then green, then blue again: green's copy is newer, blue's log goes on."""
    place.copy(0)
    place.copy(6, series="other.1")
    place.log(8, begin=6, series="other.1")
    place.log(20)
    place.install()
    assert place.json(*place.restore("latest"))["at"] == at(20)


def _refusals() -> dict[str, tuple[type[StreamError], str]]:
    return {
        "before": (Refused, f"ledger as it was at {at(-1)} is not kept"),
        "behind": (Refused, f"ledger as it was at {at(21)} is not kept"),
        "no time": (BadConfiguration, "'soon' is no time"),
        "unknown": (BadConfiguration, "there is no database ledgr"),
        "older": (Refused, "Neo4j 5.26.0 can't read a copy of Neo4j 5.26.30"),
        "enterprise": (BadConfiguration, "is Neo4j Enterprise"),
        "unproved": (BadConfiguration, "Neo4j 2025.01.0 in"),
        "none": (BadConfiguration, "there is no Neo4j in"),
        "full": (Refused, "MB free"),
        "not empty": (Refused, "is not empty"),
        "format": (Refused, "has the format block, which is not proved"),
        "other": (Damaged, "is a copy of search, not of ledger"),
        "newer layout": (Damaged, "is of layout 2"),
    }


@pytest.mark.parametrize("case", _refusals())
def test_what_can_not_be_restored_is_refused_before_anything_is_changed(
    place: Place, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = place.copy(0).parts
    place.log(20)
    versions = {"older": "5.26.0", "unproved": "2025.01.0"}
    if case != "none":
        place.install(versions.get(case, "5.26.30"), edition="enterprise" if case == "enterprise" else "community")
    words = list(place.restore({"before": at(-1), "behind": at(21), "no time": "soon"}.get(case, at(5))))
    match case:
        case "unknown":
            words[1] = "ledgr"
        case "full":
            monkeypatch.setattr("shutil.disk_usage", _full)
        case "not empty":
            (place.into / "databases" / "neo4j").mkdir(parents=True)
            (place.into / "databases" / "neo4j" / "neostore").touch()
        case "format":
            block = {name: msgspec.structs.replace(part, format="block") for name, part in parts.items()}
            place.copy(0, parts=block)
        case "other":
            place.copy(0, database="search")
        case "newer layout":
            place.copy(0, layout=2)
        case _:
            pass
    kind, what = _refusals()[case]
    error = place.refused(*words)
    assert isinstance(error, kind)
    assert what in error.what
    assert not place.programs
    assert not (place.into / "dco").exists()


def test_a_time_outside_is_told_with_the_nearest_that_is_kept(place: Place) -> None:
    place.copy(0)
    place.copy(12)
    place.log(20, without=(7,))
    place.install()
    assert f"nearest that can be restored: {at(7)} and {at(12)}" in place.refused(*place.restore(at(9))).remedy


@pytest.mark.parametrize("command", ["list", "verify", "restore"])
@pytest.mark.parametrize("holds", ["nothing", "other databases", "other things", "no bucket"])
def test_a_bucket_without_backups_says_what_it_is_instead(place: Place, command: str, holds: str) -> None:
    match holds:
        case "other databases":
            place.archive.bucket.put("search/state.json", b"{}")
        case "other things":
            place.archive.bucket.put("photos/cat.jpeg", b"")
        case "no bucket":
            place.configure(bucket="somebody-elses")
        case _:
            pass
    place.install()
    words = place.restore("latest") if command == "restore" else (command, "ledger")
    error = place.refused(*words)
    told = {"nothing": f"bucket {BUCKET} under stream/ is empty", "other databases": "holds nothing of ledger",
            "other things": "nothing of dco-stream's, but other things", "no bucket": "there is no bucket"}  # fmt: skip
    assert told[holds] in error.what
    assert ("search" in error.remedy) == (holds == "other databases")


def test_a_disk_that_is_too_small_is_told_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"MB free, .* MB are needed"):
        demand_free(tmp_path / "new" / "data", 1 << 60)


def test_what_is_past_its_time_goes_and_what_a_moment_needs_stays(place: Place) -> None:
    for step in (0, 6, 12, 18):
        place.copy(step)
    place.log(24)
    place.log(3, series="gone.1")
    now = _time(20)
    days = 10 * STEP / 86_400_000
    doomed = retention.forget(place.archive, days, now)
    assert {one.id for one in place.archive.manifests()[0]} == {"20260920T000006Z-aaaaaa", "20260920T000012Z-aaaaaa",
                                                               "20260920T000018Z-aaaaaa"}  # fmt: skip
    assert place.json("list")["ranges"] == [{"begin": BEGIN + 6 * STEP, "end": BEGIN + 24 * STEP}]
    assert not place.archive.segments("gone.1", "neo4j")
    assert len(doomed) == len(set(doomed))


def test_a_clock_that_is_ahead_makes_nothing_go(place: Place) -> None:
    place.copy(0)
    place.copy(6)
    place.log(12)
    assert retention.forget(place.archive, 1, _time(10_000_000)) == []


def test_the_older_copy_stays_while_its_log_goes_on(place: Place) -> None:
    """Blue, then green, then blue again: what was written since then is restored from blue's copy alone."""
    first = place.copy(0)
    place.copy(6, series="other.1")
    place.log(8, begin=6, series="other.1")
    place.copy(18)
    place.log(20)
    retention.forget(place.archive, 8 * STEP / 86_400_000, _time(18))
    assert first.id in {one.id for one in place.archive.manifests()[0]}


def _full(path: Path) -> SimpleNamespace:
    assert path.exists()
    return SimpleNamespace(free=1)


def _time(steps: int) -> datetime:
    return datetime.fromtimestamp((BEGIN + steps * STEP) / 1000, UTC)
