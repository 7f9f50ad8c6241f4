"""What is known of a database at a transaction, and what a restore to it is compared with."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.stream_archive import Place, bucket_place

from dco_stream import fingerprints, restore
from dco_stream.compare import digests
from dco_stream.compare.connection import Connection, Stand
from dco_stream.errors import Damaged, Refused

NOTHING = bytes(digests.BUCKETS * digests.BYTES)


class Database:
    """A database of two pages of nodes, as the plugin tells of it."""

    name = "neo4j"

    def __init__(self, transaction: int = 7, sum_of_ages: int = 5, moves: int = 0) -> None:
        self.transaction = transaction
        self.sum_of_ages = sum_of_ages
        self.moves = moves
        self.salts: set[bytes] = set()

    def stand(self) -> Stand:
        return Stand("5.26.30", self.transaction, True)

    def call(self, procedure: str, *arguments: Any) -> list[dict[str, Any]]:
        assert procedure == "scan"
        kind, salt, start, _, _ = arguments
        self.salts.add(salt)
        self.transaction += self.moves
        following = {"node": 100, "relationship": -1}[kind] if start == 0 else -1
        end = {"count": 1, "buckets": NOTHING, "records": b"", "next": following}
        word = {"kind": f"{kind} property", "name": "Person", "key": "age", "count": 1, "high": 1}
        return [{**word, "low": self.sum_of_ages}, end]


def as_connection(database: Database) -> Connection:
    return cast("Connection", database)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with bucket_place(tmp_path, monkeypatch) as made:
        made.copy(0)
        made.log(20)
        yield made


@pytest.fixture
def keep(place: Place) -> Callable[[Database], None]:
    def keeping(database: Database) -> None:
        fingerprints.keep(place.archive, "log", "neo4j", fingerprints.take(as_connection(database), 1))

    return keeping


def test_pages_are_added_up_under_one_salt() -> None:
    database = Database()
    taken = fingerprints.take(as_connection(database), 1)
    assert taken.elements == (2, 1)
    assert [one.low for _, one in taken.sums] == [10, 5]
    assert database.salts == {bytes.fromhex(taken.salt)}


def test_what_moves_has_no_fingerprint() -> None:
    with pytest.raises(Refused, match="moved from transaction 7"):
        fingerprints.take(as_connection(Database(moves=1)), 1)


def test_only_what_a_copy_may_be_restored_to_is_known(place: Place, keep: Callable[[Database], None]) -> None:
    choice = restore.choose(place.archive, None)
    assert fingerprints.known(place.archive, choice) == {}
    keep(Database(9))
    assert fingerprints.known(place.archive, choice) == {"neo4j": frozenset({9})}
    place.copy(12)
    assert fingerprints.known(place.archive, restore.choose(place.archive, None)) == {}


def test_what_was_restored_is_the_same_or_refused_with_what_differs(
    place: Place, keep: Callable[[Database], None]
) -> None:
    keep(Database(9))
    choice = restore.choose(place.archive, None)
    fingerprints.demand_same(place.archive, choice, "neo4j", as_connection(Database(9)))
    with pytest.raises(Damaged, match="node property Person age, relationship property Person age differ"):
        fingerprints.demand_same(place.archive, choice, "neo4j", as_connection(Database(9, sum_of_ages=6)))
