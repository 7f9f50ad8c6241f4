"""Commands that outlive this process: each runs under a shell that leaves its exit code in a file."""

import os
import shlex
import signal
import subprocess
from pathlib import Path

from dco.seams.commands import CommandState

LOG_LINES = 20
_WRAP = 'echo $$ > "$0.pid"; "$@" > "$0.log" 2>&1; echo $? > "$0.exit.new"; mv "$0.exit.new" "$0.exit"'


class LocalCommands:
    """Implements `dco.seams.commands.Commands` with a directory of files, three for each token."""

    def __init__(self, directory: Path, home: Path) -> None:
        """Keep the files below `directory`; commands run in `home`."""
        self._directory = directory
        self._home = home

    def start(self, command: list[str], token: str) -> None:
        """Start a command; the same token never starts a second one, also after this process was killed."""
        self._directory.mkdir(parents=True, exist_ok=True)
        place = self._place(token)
        try:
            place.with_suffix(".begun").open("x", encoding="utf-8").write(shlex.join(command))
        except FileExistsError:
            return
        subprocess.Popen(
            ["/bin/sh", "-c", _WRAP, str(place), *command],
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def state(self, token: str) -> CommandState:
        """Read the state of the command started under a token."""
        place = self._place(token)
        log = _tail(place.with_suffix(".log"))
        ended = _read(place.with_suffix(".exit"))
        if ended:
            return CommandState(running=False, exit_code=int(ended), log=log)
        pid = _read(place.with_suffix(".pid"))
        if pid and not _alive(int(pid)):
            ended = _read(place.with_suffix(".exit"))
            return CommandState(running=False, exit_code=int(ended) if ended else None, log=log)
        return CommandState(running=bool(pid) or place.with_suffix(".begun").exists(), log=log)

    def stop(self, token: str) -> None:
        """End a command and all that it started; one that has ended is fine."""
        pid = _read(self._place(token).with_suffix(".pid"))
        if pid and _alive(int(pid)):
            os.killpg(int(pid), signal.SIGTERM)

    def running(self, prefix: str) -> tuple[str, ...]:
        """Return the tokens with a prefix whose commands run now."""
        tokens = sorted(file.stem for file in self._directory.glob(f"{prefix}*.begun"))
        return tuple(token for token in tokens if self.state(token).running)

    def _place(self, token: str) -> Path:
        return self._directory / token.replace("/", "-")


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def _tail(file: Path) -> tuple[str, ...]:
    if not file.exists():
        return ()
    return tuple(file.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
