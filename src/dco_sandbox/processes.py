"""Supervised processes that outlive who started them, and are found again by a record on disk.

A child runs in a session of its own below a tiny shell that notes the child's pid and, at its end, its exit
code. So a daemon that was killed finds its children again, and learns how those ended that it missed.
"""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

MARK = "DCO_SANDBOX_PROCESSES"
"""Every child has this variable, naming the directory of its record: the net for what no record tells of."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KILLED = 128 + signal.SIGKILL
_START_SECONDS = 10.0

# The inner shell becomes the program (exec), so the pid it writes is the program's. The outer one ignores
# polite signals, which the whole group gets, because it has to live on to write the exit code.
_WRAPPER = """
trap : TERM INT HUP
record=$1; cd "$2" || { echo 126 >"$record.exit"; exit 126; }; shift 2
/bin/sh -c 'echo $$ >"$0.pid"; exec "$@"' "$record" "$@"
echo $? >"$record.exit"
"""


class _Record(msgspec.Struct, frozen=True):
    """What is kept of a child: the program, the shell above it, and when each began (pids are reused)."""

    pid: int
    create_time: float
    leader: int
    leader_create_time: float
    argv: list[str]
    log: str


@dataclass(frozen=True)
class Child:
    """A process that was started under a name; it may have ended since."""

    name: str
    pid: int
    log: Path
    record: Path
    leader: int

    def alive(self) -> bool:
        """Say whether the program still runs."""
        _reap(self.leader)
        record = _read(self.record)
        return record is not None and record.pid == self.pid and _runs(record.pid, record.create_time)

    def exit_code(self) -> int | None:
        """Return the exit code, 128 + n when signal n ended it, or None while it runs."""
        return None if self.alive() else _exit_code(self.record)

    def stop(self, grace: float) -> int | None:
        """Ask the whole group to end, kill it after `grace` seconds, and return the exit code.

        May be called on a child that has ended; nothing of its group is left afterwards.
        """
        record = _read(self.record)
        if record is None or record.pid != self.pid:
            return None
        with suppress(ProcessLookupError):
            if _runs(record.leader, record.leader_create_time) or self.alive():
                os.killpg(self.leader, signal.SIGTERM)
        _wait_for(lambda: not self.alive(), grace)
        _kill_group(self.leader)
        _wait_for(lambda: not self.alive(), _START_SECONDS)
        return _exit_code(self.record)


class Processes:
    """The children of one world, by name; any process may make one for the same directory."""

    def __init__(self, directory: Path, logs: Path) -> None:
        self._directory = directory
        self._logs = logs
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> Child:
        """Start a program under a name, or return the one that already runs under it.

        Output of both kinds is appended to `<logs>/<name>.log`. A program that can't be started shows as a
        child that ended with 126 or 127.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} can't name a process: use letters, digits, dot, dash and underscore")
        with self._lock:
            if running := self.find(name):
                return running
            self.forget(name)
            return self._spawn(name, [str(part) for part in argv], dict(env), cwd)

    def find(self, name: str) -> Child | None:
        """Return the child that runs under a name, None when there is none or it has ended."""
        child = self.last(name)
        return child if child is not None and child.alive() else None

    def last(self, name: str) -> Child | None:
        """Return the child last started under a name, running or ended; None when none is remembered."""
        path = self._directory / f"{name}.json"
        record = _read(path)
        return None if record is None else Child(name, record.pid, Path(record.log), path, record.leader)

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of all children that are remembered, running or ended, in order."""
        return sorted(path.stem for path in self._directory.glob("*.json") if path.stem.startswith(prefix))

    def forget(self, name: str) -> None:
        """Drop the record of a child that has ended; its log stays. May be called twice."""
        for suffix in (".json", ".exit", ".pid"):
            (self._directory / f"{name}{suffix}").unlink(missing_ok=True)

    def stop_all(self, grace: float = 3.0) -> None:
        """Stop every child, all at once, and what they started besides; none is left afterwards."""
        children = [child for name in self.names() if (child := self.last(name))]
        threads = [threading.Thread(target=child.stop, args=(grace,)) for child in children]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for stray in marked(self._directory):
            with suppress(psutil.Error):
                stray.kill()
                stray.wait(_START_SECONDS)

    def _spawn(self, name: str, argv: list[str], env: dict[str, str], cwd: Path) -> Child:
        stem, log = self._directory / name, self._logs / f"{name}.log"
        command = ["/bin/sh", "-c", _WRAPPER, "dco-child", str(stem), str(cwd), *argv]
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        leader = os.posix_spawn(
            "/bin/sh",
            command,
            {**env, MARK: str(self._directory)},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        pid_file = Path(f"{stem}.pid")
        _wait_for(lambda: _number(pid_file) is not None or _number(Path(f"{stem}.exit")) is not None, _START_SECONDS)
        pid = _number(pid_file) or leader
        record = _Record(pid, _create_time(pid), leader, _create_time(leader), argv, str(log))
        _write(Path(f"{stem}.json"), msgspec.json.encode(record))
        return Child(name, pid, log, Path(f"{stem}.json"), leader)


def marked(directory: Path) -> list[psutil.Process]:
    """Return every running process that was started, however indirectly, by the children of a directory."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == str(directory):
                found.append(process)
    return found


def _runs(pid: int, create_time: float) -> bool:
    try:
        process = psutil.Process(pid)
        # The boot time that creation times count from moves a little when a machine's clock is set.
        return abs(process.create_time() - create_time) < 2 and process.status() != psutil.STATUS_ZOMBIE  # noqa: PLR2004
    except psutil.NoSuchProcess:
        return False


def _create_time(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def _kill_group(leader: int) -> None:
    """Kill a group, its leader last, so that the leader can still write the exit code."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if process.pid != leader and os.getpgid(process.pid) == leader:
                process.kill()
    _wait_for(lambda: _reap(leader) or _create_time(leader) == 0, 1.0)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    _reap(leader)


def _reap(pid: int) -> bool:
    """Collect a child that ended, if it is this process's own; say whether it is gone."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return not psutil.pid_exists(pid)


def _exit_code(record: Path) -> int:
    """Return what the shell wrote, shortly waiting for it; a shell that was killed itself wrote nothing."""
    known, path = _read(record), record.with_suffix(".exit")
    _wait_for(
        lambda: _number(path) is not None or known is None or not _runs(known.leader, known.leader_create_time),
        2.0,
    )
    code = _number(path)
    return _KILLED if code is None else code


def _number(path: Path) -> int | None:
    """Read a number that a shell wrote; a line without its end is not written yet."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    return int(text) if text.endswith("\n") else None


def _read(path: Path) -> _Record | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Record)
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def _wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Look until a condition holds, at most that long; say whether it did."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
