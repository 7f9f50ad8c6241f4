"""Commands on this machine: started once, found again, ended with all they started."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dco.model.errors import ConfigurationError, StepFailed, Unreadable
from dco.providers.aws.images import run_build
from dco.providers.commands import LocalCommands

START = """
import sys, os
from pathlib import Path
from dco.providers.commands import LocalCommands
LocalCommands(Path(sys.argv[1]), Path(sys.argv[2])).start(sys.argv[4:], sys.argv[3])
os.kill(os.getpid(), 9)
"""


def wait(condition: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def commands(tmp_path: Path) -> LocalCommands:
    return LocalCommands(tmp_path / "commands", tmp_path, {"GREETING": "hello"})


def ended(commands: LocalCommands, token: str) -> None:
    wait(lambda: not commands.state(token).running)


def test_a_command_tells_how_it_ended_and_what_it_wrote(commands: LocalCommands, tmp_path: Path) -> None:
    commands.start(["/bin/sh", "-c", "echo $GREETING; pwd; echo oh >&2; exit 3"], "night/offering")
    ended(commands, "night/offering")

    state = commands.state("night/offering")
    assert state.exit_code == 3
    assert state.log == ("hello", str(tmp_path), "oh")


def test_the_same_token_never_starts_a_second(commands: LocalCommands, tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo once >>count; sleep 0.3"]
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(commands.start, command, "t") for _ in range(8)]:
            future.result()
    ended(commands, "t")
    commands.start(command, "t")
    ended(commands, "t")

    assert (tmp_path / "count").read_text() == "once\n"


def test_a_command_outlives_who_started_it(commands: LocalCommands, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", START, str(tmp_path / "commands"), str(tmp_path), "t"]
    started = subprocess.run([*argv, "/bin/sh", "-c", "sleep 0.5; echo done >>count"], check=False)
    assert started.returncode == -9

    assert commands.state("t").running
    assert commands.running("") == ("t",)
    commands.start(["/bin/sh", "-c", "echo again >>count"], "t")
    ended(commands, "t")
    assert (tmp_path / "count").read_text() == "done\n"
    assert commands.state("t").exit_code == 0


def test_looking_does_not_keep_a_command_from_starting(commands: LocalCommands) -> None:
    with ThreadPoolExecutor(2) as pool:
        looking = pool.submit(lambda: [commands.running("") for _ in range(2000)])
        for number in range(10):
            commands.start(["true"], f"t{number}")
        looking.result()
    for number in range(10):
        ended(commands, f"t{number}")
        assert commands.state(f"t{number}").exit_code == 0


def test_stopping_ends_all_that_it_started(commands: LocalCommands, tmp_path: Path) -> None:
    child = "trap '' TERM; echo $$ >pid; sleep 60"
    commands.start(["/bin/sh", "-c", f'/bin/sh -c "{child}" & wait'.replace("$$", "\\$\\$")], "night/a")
    wait(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    pid = int((tmp_path / "pid").read_text())
    assert commands.running("night/") == ("night/a",)
    assert commands.running("other/") == ()

    commands.stop("night/a")

    wait(lambda: not _alive(pid))
    assert commands.running("") == ()
    commands.stop("night/a")


def test_what_a_command_leaves_running_is_not_the_command(commands: LocalCommands) -> None:
    commands.start(["/bin/sh", "-c", "sleep 1 & exit 0"], "t")
    wait(lambda: not commands.state("t").running, 0.8)
    assert commands.state("t").exit_code == 0


def test_a_killed_shell_leaves_no_exit_code(commands: LocalCommands, tmp_path: Path) -> None:
    commands.start(["sleep", "60"], "t")
    begun = next((tmp_path / "commands").glob("*/begun"))
    os.killpg(int(begun.read_text()), 9)
    ended(commands, "t")
    assert commands.state("t").exit_code is None


def test_a_program_that_is_missing_ends_with_127(commands: LocalCommands) -> None:
    commands.start(["no-such-program-here"], "t")
    ended(commands, "t")
    assert commands.state("t").exit_code == 127
    assert "no-such-program-here" in commands.state("t").log[-1]


def test_an_unknown_token_is_not_taken_for_an_ended_command(commands: LocalCommands) -> None:
    with pytest.raises(Unreadable, match="nothing is known"):
        commands.state("never")


def test_a_build_returns_what_it_printed(tmp_path: Path) -> None:
    lines = run_build(["/bin/sh", "-c", "echo noise >&2; echo a; echo; echo $WORD"], tmp_path, {"WORD": "b"}, 10)
    assert lines == ["a", "b"]


def test_a_failed_build_tells_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match=r"ended with 7\n    step 3\n    step 4\n") as caught:
        run_build(["/bin/sh", "-c", "echo step 3; echo step 4; echo broken >&2; exit 7"], tmp_path, {}, 10)
    assert "broken" in str(caught.value)


def test_a_build_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="did not end in 0 s"):
        run_build(["/bin/sh", "-c", "sleep 60 & echo $! >pid; wait"], tmp_path, {"PATH": os.environ["PATH"]}, 0.4)
    pid = int((tmp_path / "pid").read_text())
    wait(lambda: not _alive(pid))


def test_a_build_that_can_not_start_is_a_matter_of_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no-such-builder"):
        run_build(["no-such-builder"], tmp_path, {}, 1)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
