"""Supervised processes: found again, ended with their whole group, and their exit codes kept."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dco_sandbox.processes import Processes, marked


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path / "processes", tmp_path / "logs")
    yield made
    made.stop_all(0.2)
    assert marked(tmp_path / "processes") == []


def again(tmp_path: Path) -> Processes:
    """What a daemon that was started again has."""
    return Processes(tmp_path / "processes", tmp_path / "logs")


def test_a_second_start_returns_the_running_child(processes: Processes, tmp_path: Path) -> None:
    first = processes.start("a", ["sleep", "60"], env=os.environ, cwd=tmp_path)
    assert processes.start("a", ["sleep", "1"], env=os.environ, cwd=tmp_path).pid == first.pid
    assert psutil.Process(first.pid).cmdline() == ["sleep", "60"]


def test_another_daemon_finds_the_child_and_its_exit_code(processes: Processes, tmp_path: Path) -> None:
    child = processes.start("a", ["sh", "-c", "sleep 0.3; exit 7"], env=os.environ, cwd=tmp_path)
    found = again(tmp_path).find("a")
    assert found is not None
    assert (found.pid, found.exit_code()) == (child.pid, None)
    until(lambda: not found.alive())
    assert again(tmp_path).find("a") is None
    last = again(tmp_path).last("a")
    assert last is not None
    assert last.exit_code() == 7


def test_a_child_outlives_who_started_it(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from dco_sandbox.processes import Processes; d = Path(sys.argv[1]);"
        "Processes(d / 'processes', d / 'logs').start('a', ['sleep', '60'], env=os.environ, cwd=d);"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    child = again(tmp_path).find("a")
    assert child is not None
    assert child.stop(2) == 128 + signal.SIGTERM


def test_stop_ends_a_group_that_ignores_polite_signals(processes: Processes, tmp_path: Path) -> None:
    stubborn = "trap '' TERM; sleep 61 & sleep 62; sleep 63; sleep 64"
    child = processes.start("a", ["sh", "-c", stubborn], env=os.environ, cwd=tmp_path)
    until(lambda: len(psutil.Process(child.pid).children()) == 2)
    group = [child.pid, *(process.pid for process in psutil.Process(child.pid).children(recursive=True))]
    assert child.stop(0.1) == 128 + signal.SIGKILL
    assert not [pid for pid in group if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]


def test_what_left_the_group_is_swept_as_well(processes: Processes, tmp_path: Path) -> None:
    processes.start("a", ["sh", "-c", "setsid sleep 65 & sleep 66"], env=os.environ, cwd=tmp_path)
    until(lambda: any(process.cmdline() == ["sleep", "65"] for process in marked(tmp_path / "processes")))
    processes.stop_all(0.2)
    assert marked(tmp_path / "processes") == []


def test_a_reused_pid_is_not_the_child(processes: Processes, tmp_path: Path) -> None:
    child = processes.start("a", ["sleep", "60"], env=os.environ, cwd=tmp_path)
    child.stop(1)
    record = tmp_path / "processes" / "a.json"
    record.write_text(record.read_text().replace(f'"pid":{child.pid}', f'"pid":{os.getpid()}'))
    assert again(tmp_path).find("a") is None


def test_a_program_that_is_not_there_is_a_child_that_ended(processes: Processes, tmp_path: Path) -> None:
    child = processes.start("a", ["no-such-program"], env=os.environ, cwd=tmp_path)
    assert child.exit_code() == 127
    assert "no-such-program" in child.log.read_text()


def test_a_killed_shell_does_not_hide_the_program(processes: Processes, tmp_path: Path) -> None:
    child = processes.start("a", ["sleep", "60"], env=os.environ, cwd=tmp_path)
    os.kill(child.leader, signal.SIGKILL)
    assert child.alive()
    child.stop(1)
    assert not child.alive()
    assert child.exit_code() == 128 + signal.SIGKILL


def test_a_name_that_would_leave_the_directory_is_refused(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="can't name a process"):
        processes.start("../a", ["true"], env=os.environ, cwd=tmp_path)


def until(condition: object, seconds: float = 5.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
