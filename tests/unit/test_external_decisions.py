"""What the sources outside of the repository decide, whatever they are told."""

import threading
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco.detect import aws_offerings, end_of_life, lifetimes, machine_images, neo4j_versions, pins
from dco.detect.asking import ask_all
from dco.detect.base_images import BaseImage
from dco.detect.libraries import decide, judge
from dco.detect.lifetimes import Lifetimes
from dco.detect.locks.locked import Locked
from dco.detect.versions import key, newer
from dco.model.change import Action, Change, Status
from dco.model.environment import Environment
from dco.model.errors import DcoError, Unreadable
from dco.model.plan import Plan
from dco.model.watching import LockFile, MachineImage, Neo4jVersions
from dco.plan.explain import explain
from dco.seams.catalogue import Advisory, Kind, Package, Published
from dco.seams.fleet import Instance, MachineImageState

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
SOAK = 7.0
VERSIONS = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).map(lambda v: ".".join(map(str, v)))
AGES = st.none() | st.integers(0, 30)


def ago(days: int | None) -> str | None:
    return None if days is None else (NOW - timedelta(days=days)).isoformat()


def published_version(version: str, days: int | None, gone: bool) -> Published:
    return Published(version=version, at=ago(days), withdrawn="yanked" if gone else "")


def machine_image(number: int, days: int, deprecated: int | None) -> MachineImageState:
    name = f"it-{number}"
    return MachineImageState(id=f"ami-{number:08x}", name=name, created=str(ago(days)), deprecated=ago(deprecated))


PUBLISHED = st.builds(published_version, VERSIONS, AGES, st.booleans())
LISTED = st.lists(PUBLISHED, max_size=8, unique_by=lambda one: one.version).map(tuple)
ERRORS = st.sampled_from([Unreadable("down", "wait"), DcoError("defect")])
ADVISORIES = st.lists(st.builds(Advisory, id=st.sampled_from(["A", "B"]), fixed=st.tuples(VERSIONS)), max_size=2)


@given(VERSIONS, LISTED | ERRORS, ADVISORIES.map(tuple))
def test_a_library_is_unchanged_only_when_everything_says_so(
    version: str, published: tuple[Published, ...] | DcoError, advisories: tuple[Advisory, ...]
) -> None:
    locked = Locked(Kind.NPM, "it", version)
    change = decide(locked, published, advisories, NOW.isoformat(), SOAK)
    if change.status is Status.UNCHANGED:
        assert not advisories
        assert not isinstance(published, DcoError)
        good = [one for one in published if not one.withdrawn]
        assert version in [one.version for one in good]
        ripe = [one.version for one in good if one.at is None or one.at <= str(ago(7))]
        assert newer(Kind.NPM, version, ripe) == ()
    if change.available is not None:
        assert key(Kind.NPM, change.available) > key(Kind.NPM, version)
    assert (change.action is Action.NONE) or change.status is Status.CHANGED
    assert (not advisories) or change.action is Action.APPROVE


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=8), st.booleans())
def test_a_lock_is_unchanged_only_when_every_package_was_looked_up(told: list[tuple[bool, bool]], known: bool) -> None:
    locked = tuple(Locked(Kind.NPM, f"p{number}", "1.0.0") for number in range(len(told)))
    answers = {
        one: (Published(version="1.0.0"),) if answered else Unreadable("down")
        for one, (answered, _) in zip(locked, told, strict=True)
    }
    packages = {
        Package(one.kind, one.name, one.version): () for one, (_, covered) in zip(locked, told, strict=True) if covered
    }
    vulnerable = packages if known else Unreadable("no address")
    *_, summary = judge("api", LockFile(lock="x"), locked, answers, vulnerable, NOW.isoformat())
    whole = known and all(answered and covered for answered, covered in told)
    assert (summary.status is Status.UNCHANGED) is whole


IMAGES = st.builds(machine_image, st.integers(0, 9), st.integers(0, 30), st.none() | st.integers(-20, 20))
CANDIDATES = st.lists(IMAGES, max_size=6, unique_by=lambda one: one.id)
WISH = MachineImage(database="ledger", owner="amazon", name="it-*", soak_days=SOAK)


@given(CANDIDATES, st.integers(0, 9), st.booleans(), st.randoms())
def test_an_image_only_moves_forward_in_time_and_order_does_not_matter(
    candidates: list[MachineImageState], number: int, registered: bool, random: Random
) -> None:
    identifier = f"ami-{number:08x}"
    mine = next((one for one in candidates if one.id == identifier), None) if registered else None
    candidates = candidates if registered else [one for one in candidates if one.id != identifier]
    machine = Instance(id="i-1", image=identifier, kind="t3.medium", zone="a")
    running = [machine_images.Running(machine, mine)]
    change = machine_images.decide("database:ledger", WISH, running, candidates, NOW.isoformat())
    shuffled = list(candidates)
    random.shuffle(shuffled)
    assert machine_images.decide("database:ledger", WISH, running, shuffled, NOW.isoformat()) == change
    taken = next((one for one in candidates if one.id == change.available), None)
    if change.action is Action.REDEPLOY:
        assert taken is not None
        assert taken.id != identifier
        assert taken.created <= str(ago(7))
        assert mine is None or taken.created >= mine.created
    if change.status is Status.UNCHANGED:
        assert mine is not None
        fresh = [one for one in candidates if one.deprecated is None or one.deprecated > NOW.isoformat()]
        assert all(one.created <= mine.created for one in fresh)


NEO4J = st.sampled_from(["4.2.1", "4.4.9", "4.4.40", "5.1.0", "5.26.0", "5.26.30", "2025.01.0", "2026.08.1"])


@given(NEO4J, NEO4J, st.lists(NEO4J, max_size=8))
def test_the_way_to_a_neo4j_version_rests_where_it_must(current: str, wanted: str, more: list[str]) -> None:
    published = [*more, "4.4.40", "5.26.30", current, wanted]
    if key(Kind.MAVEN, current) >= key(Kind.MAVEN, wanted):
        return
    stops = neo4j_versions.way(current, wanted, published)
    assert stops[-1] == wanted
    assert all(key(Kind.MAVEN, one) < key(Kind.MAVEN, two) for one, two in pairwise([current, *stops]))
    crosses = key(Kind.MAVEN, current)[:2] < (5, 26) and key(Kind.MAVEN, wanted)[0] >= 2025
    assert ("5.26.30" in stops[:-1]) is crosses


@given(NEO4J, st.lists(NEO4J, max_size=8), st.sampled_from(["patch", "minor", "newest"]), AGES | ERRORS)
def test_a_neo4j_version_is_unchanged_only_when_it_is_the_newest(
    current: str, published: list[str], follow: str, age: int | DcoError | None
) -> None:
    def at(_: str) -> str | None:
        if isinstance(age, DcoError):
            raise age
        return ago(age)

    wish = Neo4jVersions(follow=follow)  # pyright: ignore[reportArgumentType] - one of the three
    change = neo4j_versions.decide("database:ledger", current, published, wish, at, NOW.isoformat())
    newest = current in published and not newer(Kind.MAVEN, current, published)
    assert (change.status is Status.UNCHANGED) is newest
    assert change.action in {Action.NONE, Action.APPROVE}


LINES = st.dictionaries(st.sampled_from(["1", "1.2", "20", "2023"]), st.none() | st.dates(), max_size=4)
TABLES = st.builds(
    Lifetimes, checked=st.dates(), products=st.dictionaries(st.sampled_from(["nodejs", "amazon-linux"]), LINES)
)


@given(TABLES)
def test_a_table_of_ends_is_read_as_it_was_written(table: Lifetimes) -> None:
    assert lifetimes.parse(lifetimes.written(table), "ends.toml") == table


@given(TABLES, st.sampled_from(["1.2.3", "20.1", "3", ""]), st.dates())
def test_an_old_table_and_an_unlisted_line_are_never_quiet(table: Lifetimes, version: str, today: date) -> None:
    use = end_of_life.Use("nodejs", version, "here")
    change = end_of_life.decide(use, table, today, 180)
    known = table.line_of("nodejs", version) is not None and (today - table.checked).days <= lifetimes.FRESH_DAYS
    assert (change.status is Status.UNKNOWN) is not known
    if change.status is Status.UNCHANGED:
        end = table.products["nodejs"][str(table.line_of("nodejs", version))]
        assert end is None or end > today + timedelta(days=180)


def test_the_table_that_ships_lists_what_runs_here() -> None:
    table = lifetimes.shipped()
    for product, version in (("neo4j", "5.26.30"), ("python", "3.11"), ("nodejs", "24.1.0"), ("amazon-linux", "2023")):
        assert table.line_of(product, version), product


def test_renewing_is_whole_or_not_at_all() -> None:
    today = date(2026, 11, 23)
    before = lifetimes.parse('checked = 2020-01-01\n[nodejs]\n"18" = 2025-04-30\n"20" = 2026-04-30\n', "x")
    told = {"nodejs": {"20": "2026-05-30", "24": "2028-04-30", "26": None}}
    after, said = lifetimes.renewed(before, told, today)
    assert after.checked == today
    assert after.products["nodejs"] == {
        "18": date(2025, 4, 30), "20": date(2026, 5, 30), "24": date(2028, 4, 30), "26": None,
    }  # fmt: skip
    assert len(said) == 3
    with pytest.raises(Unreadable, match="nothing was told about nodejs"):
        lifetimes.renewed(before, {}, today)
    with pytest.raises(Unreadable, match="which is no day"):
        lifetimes.renewed(before, {"nodejs": {"20": "soon"}}, today)


KINDS = st.dictionaries(
    st.sampled_from(["m5.large", "m5a.large", "m7i.large", "m7g.large", "m7i.xlarge", "odd"]),
    st.frozensets(st.sampled_from(["a", "b"]), min_size=1),
)


@given(KINDS, st.sampled_from(["m5.large", "m7g.large", "odd"]), st.sampled_from(["a", "b", ""]))
def test_an_instance_type_is_unchanged_only_where_it_is_offered(
    offered: dict[str, frozenset[str]], kind: str, zone: str
) -> None:
    (change,) = aws_offerings.decide_kinds({(kind, zone): ["it"]}, offered)
    there = kind in offered and (not zone or zone in offered[kind])
    assert (change.action is Action.APPROVE) is not there
    if there and change.status is Status.CHANGED:
        assert change.available in offered
        assert (kind, change.available) == ("m5.large", "m7i.large")


@given(st.lists(st.sampled_from(["3.11-slim", "3.12-slim", "3.13-slim", "3.13", "3.13.1-slim", "latest", "4-slim"])))
def test_tags_are_compared_with_those_of_their_shape(tags: list[str]) -> None:
    image = BaseImage("docker.io/library/python", "3.12-slim", "sha256:" + "a" * 64)
    change = pins.decide_image(image, tuple(Published(version=tag) for tag in tags), image.digest)
    assert change.available == ("3.13-slim" if "3.13-slim" in tags else None)


def test_all_questions_are_answered_or_said_to_be_late() -> None:
    forever = threading.Event()

    def defect() -> int:
        raise KeyError("surprise")

    asked = {"hangs": lambda: int(forever.wait(5)), "answers": lambda: 1, "defect": defect}
    found = ask_all(asked, at_once=2, seconds=0.3)
    forever.set()
    assert found["answers"] == 1
    assert isinstance(found["hangs"], Unreadable)
    assert isinstance(found["defect"], DcoError)
    assert not isinstance(found["defect"], Unreadable)


def test_a_plan_tells_apart_what_is_new_and_what_is_not_known() -> None:
    new = [
        Change(source="libraries", component=f"library:p{number}", status=Status.CHANGED, reason="newer is published")
        for number in range(12)
    ]
    lost = Change(source="libraries", component="lock:api", status=Status.UNKNOWN, reason="down")
    lines = explain(Plan(environment="p", base="b", revision="0" * 40, changes=(*new, lost), steps=()))
    assert "not known: lock:api: down" in lines
    assert sum(line.startswith("noticed: library:") for line in lines) == 10
    assert lines[-1] == "noticed: 2 more, which `dco detect` shows"


def test_the_silence_of_one_source_can_be_told_to_be_bearable() -> None:
    environment = {
        "name": "p", "aws": {"region": "r"}, "state": {"bucket": "b"},
        "offering": {"kind": "command", "command": ["true"]}, "sources": {"libraries": {"on_error": "go-on"}},
    }  # fmt: skip
    wanted = msgspec.convert(environment, Environment)
    assert not wanted.stops_at("libraries")
    assert wanted.stops_at("pins")
    assert wanted.stops_at("stack")
    bold = msgspec.convert(
        {**environment, "policy": {"on_unknown": "go-on"}, "sources": {"pins": {"on_error": "stop"}}}, Environment
    )
    assert bold.stops_at("pins")
    assert not bold.stops_at("stack")
