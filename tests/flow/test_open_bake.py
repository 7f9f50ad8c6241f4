"""`dco serve` starts the watch of an open bake once, and again when that was killed."""

import signal
from pathlib import Path

import pytest

from dco.flow import open_bake, serving


class Process:
    """A process that ends as a test says."""

    started: list[list[str]] = []  # noqa: RUF012  # emptied by the fixture

    def __init__(self, command: list[str]) -> None:
        self.started.append(command)
        self.code: int | None = None
        self.signals: list[int] = []
        type(self).last = self

    last: "Process"

    def poll(self) -> int | None:
        return self.code

    def send_signal(self, number: int) -> None:
        self.signals.append(number)

    def wait(self) -> None:
        self.code = 0


@pytest.fixture
def bake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> serving.Bake:
    Process.started.clear()
    monkeypatch.setattr("dco.flow.serving.subprocess.Popen", Process)
    return serving.Bake(tmp_path, tmp_path / "own")


def test_nothing_is_started_without_a_bake(bake: serving.Bake) -> None:
    bake.see_to()
    bake.end()
    assert not Process.started


def test_it_is_started_once_for_each_bake(bake: serving.Bake, tmp_path: Path) -> None:
    open_bake.mark(tmp_path / "own", "first")
    bake.see_to()
    bake.see_to()
    Process.last.code = 6
    bake.see_to()
    assert [command[-1] for command in Process.started] == ["bake"], "one that ended by itself is left alone"
    open_bake.mark(tmp_path / "own", "second")
    bake.see_to()
    assert len(Process.started) == 2


def test_one_that_was_killed_is_started_again(bake: serving.Bake, tmp_path: Path) -> None:
    open_bake.mark(tmp_path / "own", "first")
    bake.see_to()
    Process.last.code = -9
    bake.see_to()
    assert len(Process.started) == 2
    bake.end()
    assert Process.last.signals == [signal.SIGTERM]


def test_a_mark_is_taken_away(tmp_path: Path) -> None:
    open_bake.mark(tmp_path, "first")
    assert open_bake.marked(tmp_path) == "first"
    open_bake.clear(tmp_path)
    open_bake.clear(tmp_path)
    assert open_bake.marked(tmp_path) is None
