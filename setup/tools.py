"""Starting other programs during set-up, so that a failure shows their last words."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from setup.steps import SetupError

# Debian keeps HAProxy where an ordinary user's PATH does not look.
SYSTEM_PLACES = ("/usr/sbin", "/usr/local/sbin", "/sbin")
LAST_LINES = 15


def find(name: str) -> str | None:
    """Find a program on PATH or where the system keeps its daemons."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_PLACES]))


def call(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a program to its end and give what it wrote; raise SetupError with its last lines if it failed."""
    done = subprocess.run(
        [str(part) for part in argv],
        env={**os.environ, **(env or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        last = "\n    ".join(done.stdout.strip().splitlines()[-LAST_LINES:])
        raise SetupError(
            f"`{' '.join(str(part) for part in argv[:4])} …` ended with {done.returncode}:\n    {last}",
            "mend what it says (no network? a full disk?) and run `make setup` again; what is done is kept.",
        )
    return done.stdout
