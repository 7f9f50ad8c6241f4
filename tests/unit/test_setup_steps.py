"""Steps of set-up: what is skipped, what is made anew, and what a kill in the middle leaves."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from setup import steps

PROJECT = Path(__file__).resolve().parents[2]


def step(place: Path, inputs: str, make: Callable[[], None]) -> steps.Step:
    return steps.Step("thing", place / "stamp", inputs, place / "product", make)


def test_a_step_is_made_once_and_again_when_its_inputs_change(tmp_path: Path) -> None:
    made: list[str] = []
    lines: list[str] = []

    def make() -> None:
        made.append("made")
        (tmp_path / "product").write_text("")

    for inputs in ("one", "one", "two", "two"):
        steps.run([step(tmp_path, inputs, make)], lines.append)
    assert len(made) == 2
    assert [line.split()[-1] for line in lines] == ["…", "s", "cached", "…", "s", "cached"]


def test_a_step_whose_product_went_away_is_made_again(tmp_path: Path) -> None:
    product = tmp_path / "product"
    steps.run([step(tmp_path, "one", product.touch)], print)
    product.unlink()
    steps.run([step(tmp_path, "one", product.touch)], print)
    assert product.exists()


def test_a_step_that_fails_over_an_old_product_is_not_taken_for_done(tmp_path: Path) -> None:
    steps.run([step(tmp_path, "one", (tmp_path / "product").touch)], print)

    def fail() -> None:
        raise steps.SetupError("no", "yes")

    with pytest.raises(steps.SetupError):
        steps.run([step(tmp_path, "two", fail)], print)
    assert not step(tmp_path, "one", fail).done()
    assert not step(tmp_path, "two", fail).done()


def test_the_fingerprint_tells_where_one_part_ends(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a")
    assert steps.fingerprint("ab", "c") != steps.fingerprint("a", "bc")
    before = steps.fingerprint(file)
    file.write_text("b")
    assert steps.fingerprint(file) != before


def test_a_directory_takes_its_place_whole_or_not_at_all(tmp_path: Path) -> None:
    target, workshop = tmp_path / "target", tmp_path / "workshop"
    with steps.directory(target, workshop) as draft:
        (draft / "old").touch()

    def interrupted() -> None:
        with steps.directory(target, workshop) as draft:
            (draft / "new").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in target.iterdir()] == ["old"]
    with steps.directory(target, workshop) as draft:
        assert not list(draft.iterdir())
        (draft / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert not workshop.exists()


KILLED = """
    import os, sys, time
    from pathlib import Path
    from setup import run, steps
    place = Path(sys.argv[1])
    def make():
        with steps.directory(place / "product", place / "cache" / "dco" / "unfinished" / "thing") as draft:
            (draft / "half").touch()
            (place / "begun").touch()
            time.sleep(float(sys.argv[2]))
            (draft / "whole").touch()
    with run.alone():
        run.say(f"works {os.getpid()}")
        steps.run([steps.Step("thing", place / "stamp", "one", place / "product", make)], run.say)
"""


def start(place: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(place), str(seconds)],
        env={**os.environ, "XDG_CACHE_HOME": str(place / "cache")},
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.02)


def test_a_killed_set_up_leaves_nothing_half_made_and_no_lock(tmp_path: Path) -> None:
    first = start(tmp_path, 60)
    wait_for(tmp_path / "begun")
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not (tmp_path / "product").exists()
    second = start(tmp_path, 0)
    second.communicate(timeout=20)
    assert second.returncode == 0
    assert sorted(path.name for path in (tmp_path / "product").iterdir()) == ["half", "whole"]
    assert not list((tmp_path / "cache" / "dco" / "unfinished").glob("*"))


def test_two_set_ups_at_once_run_one_after_the_other(tmp_path: Path) -> None:
    first = start(tmp_path, 1)
    wait_for(tmp_path / "begun")
    second = start(tmp_path, 0)
    told, _ = second.communicate(timeout=20)
    first.communicate(timeout=20)
    lines = told.splitlines()
    assert lines[0].split() == ["waiting", "for", "another", "set-up", "(process", f"{first.pid})"]
    assert lines[-1].split() == ["thing", "cached"]
