"""The engine survives: killed inside and between steps, resumed by whoever comes next, on a full disk."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from dco.flow import lease
from dco.flow.engine import Engine
from dco.model.errors import ConfigurationError, DcoError, PersonNeeded, StepFailed, restore, store

TOLD = """
import os, sys, time
from pathlib import Path
from dco.flow.engine import Engine
from dco.model.errors import StepFailed

place, die_at = Path(sys.argv[1]), sys.argv[2]

def note(word):
    with (place / "effects").open("a") as file:
        file.write(word + "\\n")

def maybe_die(where):
    if die_at == where:
        os.kill(os.getpid(), 9)

def fails():
    note("fails")
    raise StepFailed("it broke", "mend it")

def story(steps, key, request):
    got = []
    for number in range(request["count"]):
        def work(number=number):
            maybe_die(f"before {number}")
            note(f"{number}")
            maybe_die(f"after {number}")
            return number
        got.append(steps.run(f"step {number}", int, work))
        maybe_die(f"between {number}")
    try:
        steps.run("fails", bool, fails)
    except StepFailed as error:
        got.append([error.what, error.remedy])
    return {"got": got}

with Engine(place, {"night": story}) as engine:
    unfinished = engine.unfinished()
    key = unfinished[0].key if unfinished else "n1"
    engine.start("night", key, {"count": 3})
    print(engine.wait(key, 30), flush=True)
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("engine") / "told.py"
    file.write_text(TOLD)
    return file


def tell(program: Path, place: Path, die_at: str = "never") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(program), str(place), die_at], capture_output=True, text=True, timeout=60, check=False
    )


WANTED = "{'got': [0, 1, 2, ['it broke', 'mend it']]}"


@pytest.mark.parametrize("die_at", ["before 0", "after 1", "between 1", "after 2"])
def test_a_killed_story_goes_on_and_ends_the_same(program: Path, tmp_path: Path, die_at: str) -> None:
    assert tell(program, tmp_path, die_at).returncode == -signal.SIGKILL
    done = tell(program, tmp_path)
    assert done.stdout.strip() == WANTED, done.stderr
    effects = (tmp_path / "effects").read_text().split()
    again = 1 if die_at.startswith("after") else 0
    assert sorted(set(effects)) == ["0", "1", "2", "fails"]
    assert len(effects) == 4 + again


def test_a_finished_story_is_not_told_again(program: Path, tmp_path: Path) -> None:
    assert tell(program, tmp_path).stdout.strip() == WANTED
    assert tell(program, tmp_path).stdout.strip() == WANTED
    assert (tmp_path / "effects").read_text().split() == ["0", "1", "2", "fails"]


def test_the_store_is_plain_json(program: Path, tmp_path: Path) -> None:
    tell(program, tmp_path)
    with sqlite3.connect(tmp_path / "engine.sqlite") as store_:
        rows = store_.execute("select output, error from operation_outputs").fetchall()
        mode = store_.execute("pragma journal_mode").fetchone()
    store_.close()
    assert mode == ("wal",)
    for output, error in rows:
        assert error is None
        msgspec.json.decode(output)


def test_slots_are_exclusive_and_come_back_when_a_process_dies(tmp_path: Path) -> None:
    first = lease.take(tmp_path)
    second = lease.take(tmp_path)
    assert (first.name, second.name) == ("executor-1", "executor-2")
    with lease.dead(tmp_path, "executor-1") as is_dead:
        assert not is_dead
    first.release()
    with lease.dead(tmp_path, "executor-1") as is_dead:
        assert is_dead
    third = lease.take(tmp_path)
    assert third.name == "executor-1"
    second.release()
    third.release()


def test_a_directory_that_can_not_be_written_needs_a_person(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(PersonNeeded, match="can't be written"), Engine(blocked / "below", {}):
        pass


@pytest.mark.parametrize(
    "error", [StepFailed("a", "b"), ConfigurationError("a"), PersonNeeded("x", "y"), DcoError("z")]
)
def test_errors_survive_being_stored(error: DcoError) -> None:
    again = restore(msgspec.json.decode(msgspec.json.encode(store(error)), type=type(store(error))))
    assert (type(again), again.args) == (type(error), error.args)


def test_a_second_process_sees_a_running_story_as_elsewhere(tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text(TOLD.replace('note(f"{number}")', 'note(f"{number}"); time.sleep(2)'))
    running = subprocess.Popen([sys.executable, str(slow), str(tmp_path), "never"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "effects").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        look = (
            "import sys; from pathlib import Path; from dco.flow.engine import Engine\n"
            "with Engine(Path(sys.argv[1]), {'night': lambda *a: {}}) as e: print(e.unfinished())"
        )
        seen = subprocess.run([sys.executable, "-c", look, str(tmp_path)], capture_output=True, text=True, check=True)
        assert "key='n1', elsewhere=True" in seen.stdout
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
