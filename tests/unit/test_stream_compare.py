"""What a comparison does by itself: whom it asks, how it narrows down, what it writes as bytes, what it tells."""

import base64
import json
import struct
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco_stream import config
from dco_stream.compare import digests, doubles, narrowing, telling
from dco_stream.compare.addressing import Addresses, Means
from dco_stream.compare.connection import transaction_of
from dco_stream.compare.reading import Subject
from dco_stream.compare.verdict import GOOD_FOR, Compared, Difference, Gap, InvariantAnswer, Verdict
from dco_stream.errors import BadConfiguration

KEY = "5a" * 32
FINGERPRINTS = st.lists(st.binary(min_size=16, max_size=16), max_size=30)


@pytest.fixture
def addresses(tmp_path: Path) -> Addresses:
    (tmp_path / "servers").write_text(
        json.dumps({"source": "bolt://127.0.0.2:7687", "follower": "bolt://127.0.0.3:7687"})
    )
    (tmp_path / "login").write_text(json.dumps({"username": "neo4j", "password": "hidden"}))
    (tmp_path / "key").write_text(KEY)
    places = "".join(f'{name} = "file:{tmp_path / name}"\n' for name in ("servers", "login", "key"))
    alone = places.replace("servers = ", 'servers = "bolt://127.0.0.4:7687" # ')
    text = f'[bucket]\nname = "b"\n[databases.ledger]\n{places}invariants = {{ one = "RETURN true" }}\n'
    return Addresses(lambda: config.parse(f"{text}[databases.alone]\n{alone}", "stream.toml"))


@pytest.mark.parametrize(
    ("word", "uri"),
    [("ledger", "127.0.0.2"), ("ledger:source", "127.0.0.2"), ("ledger:follower", "127.0.0.3"), ("alone", "127.0.0.4")],
)
def test_a_name_is_a_configured_server(addresses: Addresses, word: str, uri: str) -> None:
    server = addresses.find(word, Means())
    assert server.uri == f"bolt://{uri}:7687"
    assert server.has_key
    server.close()


def test_an_address_needs_no_configuration_and_no_key(tmp_path: Path) -> None:
    (tmp_path / "login").write_text(json.dumps({"username": "neo4j", "password": "hidden"}))
    nobody = Addresses(lambda: pytest.fail("it was read"))
    server = nobody.find("bolt://127.0.0.9:7687", Means(login=f"file:{tmp_path / 'login'}"))
    assert not server.has_key
    assert nobody.invariants("bolt://127.0.0.9:7687") == {}
    with pytest.raises(BadConfiguration, match="without the plugin's key"):
        server.line("neo4j")
    server.close()


@pytest.mark.parametrize(
    ("word", "means", "sentence"),
    [
        ("nobody", Means(), "there is no database nobody"),
        ("ledger:green", Means(), "ledger:green names no server"),
        ("alone:follower", Means(), "nothing follows alone now"),
        ("bolt://127.0.0.9:7687", Means(), "needs a login"),
        ("bolt://neo4j:secret@127.0.0.9:7687", Means(login="env:LOGIN"), "must not hold a password"),
        ("bolt://127.0.0.9:7687", Means(login='{"username":"neo4j","password":"x"}'), "--login must name a place"),
        ("bolt://127.0.0.9:7687", Means(login="env:LOGIN", key=KEY), "--key must name a place"),
    ],
)
def test_what_names_no_server_or_holds_a_secret_is_refused(
    addresses: Addresses, word: str, means: Means, sentence: str
) -> None:
    with pytest.raises(BadConfiguration, match=sentence) as refused:
        addresses.find(word, means)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("number", [7, 127, 200, -1, 40_000, 2**40])
def test_a_transaction_is_read_from_a_bookmark(number: int) -> None:
    for tag, form in ((0xC8, ">b"), (0xC9, ">h"), (0xCA, ">i"), (0xCB, ">q")):
        try:
            packed = bytes([tag]) + struct.pack(form, number)
        except struct.error:
            continue
        whole = b"\x92\xcc\x10" + bytes(range(16)) + packed
        assert transaction_of("FB:" + base64.b64encode(whole).decode().rstrip("=")) == number
    if 0 <= number < 128:
        whole = b"\x92\xcc\x10" + bytes(range(16)) + bytes([number])
        assert transaction_of("FB:" + base64.b64encode(whole).decode()) == number


@given(FINGERPRINTS, FINGERPRINTS, FINGERPRINTS, st.integers(1, 40))
def test_narrowing_finds_what_one_side_has_and_the_other_has_not(
    common: list[bytes], of_a: list[bytes], of_b: list[bytes], most: int
) -> None:
    a, b = list(enumerate(common + of_a)), list(enumerate(of_b + common))
    found_a: Counter[bytes] = Counter()
    found_b: Counter[bytes] = Counter()
    for part in narrowing.slices(list(range(digests.BUCKETS)), 2_000_000, most * 1000):
        only_a, only_b = narrowing.odd(a, b, part)
        found_a.update(a[each][1] for each in only_a)
        found_b.update(b[each][1] for each in only_b)
    assert found_a == Counter(common + of_a) - Counter(common + of_b)
    assert found_b == Counter(common + of_b) - Counter(common + of_a)


@given(st.lists(st.sampled_from([bytes([each]) * 16 for each in range(1, 9)]), max_size=40), st.integers(1, 50))
def test_doubles_are_found_in_memory_and_in_partitions_on_disk(
    tmp_path_factory: pytest.TempPathFactory, colours: list[bytes], partition: int
) -> None:
    counts = Counter(colours)
    found = doubles.find(enumerate(colours), len(colours), tmp_path_factory.getbasetemp(), partition)
    assert [found.has(node) for node in range(len(colours))] == [counts[colour] > 1 for colour in colours]
    assert found.nodes == sum(count for count in counts.values() if count > 1)
    assert found.colours == sum(count > 1 for count in counts.values())


def test_a_verdict_is_told_with_all_that_limits_it() -> None:
    side = Compared(
        name="ledger", uri="bolt://a", database="neo4j", version="5.26.30", transaction=7, fenced=True,
        method="plugin", nodes=1200, relationships=3,
    )  # fmt: skip
    now = datetime(2026, 11, 26, 3, tzinfo=UTC)
    verdict = Verdict(
        equal=False, transaction=7, compared_at=now, expires_at=now + GOOD_FOR, a=side, b=side, salt="", seconds=1.5,
        gaps=(Gap(Subject("node property", "Person", "id"), 5, 5), Gap(Subject("node", ""), 1, 0)),
        differences=(
            Difference(kind="node", a="({id: 1})", b=None),
            Difference(kind="node", a="({id: 2})", b="({id: 3})", detail="id: 2 in A, 3 in B"),
        ),
        doubles=4, rounds=32, settled=False,
        invariants=(InvariantAnswer("balanced", "b", holds=False, trouble="answers 3"),),
    )  # fmt: skip
    assert telling.lines(verdict) == [
        "ledger and ledger differ at transaction 7",
        "  A: neo4j at bolt://a, Neo4j 5.26.30, fenced: 1,200 nodes and 3 relationships, read by its plugin",
        "  B: neo4j at bolt://a, Neo4j 5.26.30, fenced: 1,200 nodes and 3 relationships, read by its plugin",
        "  NG node property :Person.id: 5 on both sides, not the same",
        "  NG node without a label: 1 in A, 0 in B",
        "  NG node only in A: ({id: 1})",
        "  NG node ({id: 2}): id: 2 in A, 3 in B; in B ({id: 3})",
        "  NG invariant balanced: it answers 3",
        "  4 nodes can't be told from another, neither by themselves nor by neighbours",
        "  more than 32 steps away nothing was compared for nodes that look the same",
        "  compared at 2026-11-26T03:00:00.000Z in 1.5 s; good until 2026-11-27T03:00:00.000Z",
    ]
