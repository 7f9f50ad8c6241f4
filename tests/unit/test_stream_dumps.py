"""Dump and load where nothing can be copied in use: what is told beforehand, what is refused, what comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.stream_archive import NAMES, Place, bucket_place

from dco_stream import dumping
from dco_stream.errors import BadConfiguration, Damaged, Refused

JAVA = """
case $program in
*"database dump"*) for word; do case $word in --to-path=*) to=${word#--to-path=};; esac; name=$word; done
    echo "dump of $name" >"$to/$name.dump";;
*"database load"*) for word; do case $word in --from-path=*) from=${word#--from-path=};; esac; name=$word; done
    mkdir -p "$NEO4J_HOME/data/databases/$name"; cp "$from/$name.dump" "$NEO4J_HOME/data/databases/$name/neostore";;
esac
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with bucket_place(tmp_path, monkeypatch) as made:
        for name in NAMES:
            (tmp_path / "old" / "databases" / name).mkdir(parents=True)
            (tmp_path / "old" / "databases" / name / "neostore").write_bytes(b"1" * 1000)
        yield made


def dump(place: Place, *more: str) -> tuple[str, ...]:
    return ("dump", "ledger", "--data", str(place.directory / "old"), "--neo4j", str(place.home), *more)


def load(place: Place, *more: str) -> tuple[str, ...]:
    return ("load", "ledger", "--into", str(place.into), "--neo4j", str(place.home), *more)


def test_what_was_dumped_is_loaded_and_checked(place: Place) -> None:
    place.install(says=JAVA)
    place.call(*dump(place, "--yes"))
    said = place.call(*load(place)).stdout
    assert "is ledger as of the dump" in said
    for name in NAMES:
        assert (place.into / "databases" / name / "neostore").read_text() == f"dump of {name}\n"
    assert [" ".join(line.split()[-1:]) for line in place.programs if "database check" in line] == list(NAMES)


def test_a_pause_is_told_and_nothing_done_until_somebody_agrees(place: Place) -> None:
    place.install(says=JAVA)
    error = place.refused(*dump(place))
    assert isinstance(error, Refused)
    assert "it stands still for about 1 s" in error.what
    assert not place.programs


def test_a_server_that_runs_is_not_dumped_and_nothing_is_kept(place: Place) -> None:
    trace = "for at in $(seq 40); do echo '  at somewhere.else'; done"
    place.install(says=f'echo "The database is in use. Stop database neo4j"; {trace}; exit 1')
    error = place.refused(*dump(place, "--yes"))
    assert "in use" in error.what
    assert "stop that server first" in error.remedy
    assert dumping.dumps(place.archive) == []


def test_a_dump_that_is_not_there_is_refused_with_those_that_are(place: Place) -> None:
    place.install(says=JAVA)
    assert "none was ever taken" in place.refused(*load(place)).remedy
    place.call(*dump(place, "--yes"))
    (there,) = dumping.dumps(place.archive)
    assert there.id in place.refused(*load(place, "--dump", "20200101T000000Z-000000")).remedy


def test_a_damaged_dump_is_told_with_what_is_left(place: Place) -> None:
    place.install(says=JAVA)
    place.call(*dump(place, "--yes"))
    (there,) = dumping.dumps(place.archive)
    place.spoil(f"ledger/dumps/{there.id}/neo4j/000000.pack")
    error = place.refused(*load(place))
    assert isinstance(error, Damaged)
    assert "throw it away" in error.remedy


def test_a_directory_without_the_database_is_refused(place: Place) -> None:
    place.install(says=JAVA)
    words = ("dump", "ledger", "--data", str(place.directory), "--neo4j", str(place.home), "--yes")
    assert isinstance(place.refused(*words), BadConfiguration)
    assert not place.programs


def test_enterprise_is_dumped_since_nothing_of_it_need_be_known(place: Place) -> None:
    place.install("2027.03.0", edition="enterprise", says=JAVA)
    place.call(*dump(place, "--yes"))
    assert dumping.dumps(place.archive)[0].neo4j == "2027.03.0"
