"""Programs on this machine that outlive us: found again by their token, started once.

A shell above each command holds a lock on a file from its first moment to its last, and notes that it began and how
the command ended. So whoever comes after a killed process sees whether the command runs, ended, or never began; no
pid is trusted, because pids are given out again.
"""

import fcntl
import hashlib
import os
import signal
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from dco.model.errors import Unreadable
from dco.seams.commands import CommandState

LINES = 20
GRACE_SECONDS = 5.0
BEGIN_SECONDS = 10.0
_TAIL = 64_000
_LOCK = 9
# It ignores polite signals, which the whole group gets, because it has to live on to note the exit code.
# The lock is its descriptor 9, which the command does not get: what that leaves running must not keep it.
_SHELL = """
trap : TERM INT HUP
place=$1; echo $$ >"$place/begun.new" && mv "$place/begun.new" "$place/begun" || exit 126
cd "$2" && shift 2 && "$@" 9>&-
echo $? >"$place/exit.new"; mv "$place/exit.new" "$place/exit"
"""


class LocalCommands:
    """Implements `dco.seams.commands.Commands`; `directory` is on a local disk, commands run in `home`.

    `environment` is added to ours.
    """

    def __init__(self, directory: Path, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self._directory = directory
        self._home = home
        self._environment = environment or {}
        self._children: list[int] = []

    def start(self, command: list[str], token: str) -> None:
        """Start a command; the same token never starts a second one, also after this process was killed."""
        place = self._place(token)
        place.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + BEGIN_SECONDS
        while not (place / "begun").exists() and time.monotonic() < deadline:
            with _locked(place, fcntl.LOCK_EX) as lock:
                if lock is not None and not (place / "begun").exists():
                    (place / "token").write_text(token)
                    self._children.append(_spawn(command, place, self._home, {**os.environ, **self._environment}, lock))
            time.sleep(0.01)

    def state(self, token: str) -> CommandState:
        """Read the state of the command started under a token. Raises `Unreadable` when there was none."""
        place = self._place(token)
        if not (place / "token").exists():
            raise Unreadable(
                f"nothing is known of a command {token} on this machine",
                "it was started elsewhere, or the state directory was emptied: look there for how it ended",
            )
        self._reap()
        if _runs(place):
            return CommandState(running=True, log=_lines(place / "log"))
        code = int((place / "exit").read_text()) if (place / "exit").exists() else None
        return CommandState(running=False, exit_code=code, log=_lines(place / "log"))

    def stop(self, token: str) -> None:
        """End a command and all that it started; one that has ended is fine."""
        place = self._place(token)
        if not _runs(place):
            return
        _signal(place, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while _runs(place) and time.monotonic() < deadline:
            time.sleep(0.05)
        _signal(place, signal.SIGKILL)

    def running(self, prefix: str) -> tuple[str, ...]:
        """Return the tokens with a prefix whose commands run now."""
        places = [path.parent for path in self._directory.glob("*/token")]
        tokens = [(place / "token").read_text() for place in places if _runs(place)]
        return tuple(sorted(token for token in tokens if token.startswith(prefix)))

    def _reap(self) -> None:
        self._children = [pid for pid in self._children if os.waitpid(pid, os.WNOHANG) == (0, 0)]

    def _place(self, token: str) -> Path:
        return self._directory / hashlib.sha256(token.encode()).hexdigest()[:32]


def _spawn(command: list[str], place: Path, home: Path, environment: dict[str, str], lock: int) -> int:
    return os.posix_spawn(
        "/bin/sh",
        ["/bin/sh", "-c", _SHELL, "dco-command", str(place.absolute()), str(home.absolute()), *command],
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(place / "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, lock, _LOCK),
        ],
        setsid=True,
    )


@contextmanager
def _locked(place: Path, how: int) -> Generator[int | None]:
    """Give the lock's file descriptor, None when it is held: by the command, or by another who looks or starts it."""
    lock = os.open(place / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # closing ours does not free it once the shell has inherited it
        yield lock if _free(lock, how) else None
    finally:
        os.close(lock)


def _free(lock: int, how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _runs(place: Path) -> bool:
    if not (place / "lock").exists() or (place / "exit").exists():
        return False
    with _locked(place, fcntl.LOCK_SH) as lock:
        return lock is None


def _signal(place: Path, number: signal.Signals) -> None:
    # the shell leads its own process group: its pid names the group
    with suppress(ProcessLookupError, FileNotFoundError, ValueError):
        os.killpg(int((place / "begun").read_text()), number)


def _lines(log: Path) -> tuple[str, ...]:
    if not log.exists():
        return ()
    with log.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - _TAIL, 0))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return tuple(line.rstrip() for line in lines if line.strip())[-LINES:]
