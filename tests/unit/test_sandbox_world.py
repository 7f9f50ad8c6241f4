"""Worlds have numbers that no other world has."""

import subprocess
import sys
from pathlib import Path

import pytest

from dco_sandbox import world
from dco_sandbox.world import WorldError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_worlds_made_at_the_same_time_have_different_numbers(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from dco_sandbox.world import create; create(Path(sys.argv[1]))"
    makers = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path / str(n))]) for n in range(4)]
    assert [maker.wait() for maker in makers] == [0, 0, 0, 0]
    assert len({world.load(tmp_path / str(n)).number for n in range(4)}) == 4


def test_a_world_keeps_its_number(tmp_path: Path) -> None:
    first = world.create(tmp_path / "a", minute_seconds=1.0)
    world.create(tmp_path / "b")
    assert world.create(tmp_path / "a") == first == world.load(tmp_path / "a")
    assert first.endpoint == f"http://127.{first.number}.0.1:4566"


def test_a_number_that_was_given_back_is_handed_out_again(tmp_path: Path) -> None:
    first = world.create(tmp_path / "a")
    world.forget(first)
    assert world.create(tmp_path / "b").number == first.number


def test_the_number_of_a_deleted_directory_is_free(tmp_path: Path) -> None:
    first = world.create(tmp_path / "a")
    (tmp_path / "a" / "world.json").unlink()
    assert world.create(tmp_path / "b").number == first.number


def test_no_world_is_said_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(WorldError) as raised:
        world.load(tmp_path)
    assert "is not a world" in raised.value.what
    assert raised.value.remedy == f"dco-sandbox up {tmp_path}"


def test_a_record_with_unknown_keys_is_refused(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"number": 10, "colour": "blue"}')
    with pytest.raises(WorldError, match="can't be read"):
        world.load(tmp_path)
