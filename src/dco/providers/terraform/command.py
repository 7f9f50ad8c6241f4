"""Starting terraform: which one, in which environment, and how it is ended when its time is over.

A terraform that changes things must not end because we do: it writes to files, since a pipe that nobody reads any more
would kill it in the middle of an apply, with its state not saved and its lock left. A shell above it holds a lock on a
file from its first moment to its last, so whoever comes after us waits for its end before starting another.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dco.model.errors import ConfigurationError, Unreadable

# The lock comes as its standard input and becomes descriptor 9, which terraform does not get: a provider that outlives
# terraform must not keep it. It ignores polite signals, which the whole group gets, because terraform ends in its time.
_SHELL = 'trap : INT TERM HUP; exec 9<&0 </dev/null; "$@" 9>&-; exit $?'
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 60
"""How long terraform may take to end a call in flight and release its lock after an interrupt."""
_INHERITED = ("TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_WORKSPACE", "TF_LOG", "TF_INPUT", "TF_CLI_CONFIG_FILE")
"""What must not come from the shell of whoever started us: a plan depends on its revision and recorded inputs only."""


@dataclass(frozen=True)
class Answer:
    """How a command ended. `late` tells that it was interrupted because its time was over."""

    code: int
    out: str
    err: str
    late: bool = False


@dataclass(frozen=True)
class Command:
    """A terraform binary and the variables it gets beside our own: credentials, region, endpoints."""

    binary: Path
    variables: Mapping[str, str]

    def run(
        self, arguments: list[str], directory: Path, given: Mapping[str, str], time_limit: float, hold: Path
    ) -> Answer:
        """Run terraform in a directory; after the time limit interrupt it and wait, so that it releases its lock.

        One runs at a time under `hold`. Raises `Unreadable` when the one before does not end within the time limit.
        """
        with _held(hold, time_limit) as lock, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _SHELL, "dco-terraform", str(self.binary), *arguments],
                cwd=directory,
                env=self._environment(given),
                stdin=lock,
                stdout=out,
                stderr=err,
                start_new_session=True,  # a Ctrl-C meant for us must not reach it twice: we pass on one interrupt
            )
            late = False
            try:
                process.wait(time_limit)
            except subprocess.TimeoutExpired:
                late = True
                _interrupt(process)
            except BaseException:  # also KeyboardInterrupt: terraform must not be left behind with its lock
                _interrupt(process)
                raise
            return Answer(process.returncode, _text(out), _text(err), late=late)

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_INHERITED)}
        fixed = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        return kept | dict(self.variables) | fixed | dict(given)


def find(configured: str | None) -> Path:
    """Return the terraform to use: the configured one, else `terraform` or `tofu` on PATH, else the one set-up left.

    Raises `ConfigurationError` when there is none.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    names = [configured] if configured else ["terraform", "tofu", str(cache / "dco/bin/terraform")]
    for name in names:
        if found := shutil.which(name):
            return Path(found).absolute()
    wanted = configured or "terraform or tofu"
    raise ConfigurationError(f"{wanted} was not found", "install Terraform 1.5 or OpenTofu 1.6, or newer, on PATH")


@contextmanager
def _held(file: Path, time_limit: float) -> Generator[IO[bytes]]:
    """Give the locked file once nobody else has it: no terraform that we, or a dead one of us, started runs then."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    deadline = time.monotonic() + time_limit
    with file.open("ab+") as lock:
        while not _taken(lock):
            if time.monotonic() > deadline:
                what = f"another terraform that dco started still runs after {time_limit:g} s"
                raise Unreadable(what, f"see what it waits for; it holds {file}")
            time.sleep(_POLL_SECONDS)
        # closing ours does not free it while the shell has it
        yield lock


def _taken(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _text(written: IO[bytes]) -> str:
    written.seek(0)
    return written.read().decode("utf-8", "replace")


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Interrupt as a person would, and wait; a process that ignores it is killed with its children."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
