"""The Python that images run on: the sandbox's own, with nothing installed, so that an image brings what it needs."""

import hashlib
import shutil
import sys
import tempfile
import venv
from pathlib import Path

from dco_sandbox import cache


def bare_python() -> Path:
    """Give the interpreter without packages, made in the cache when it isn't there yet."""
    made_from = f"{sys.base_prefix} {sys.version}"
    home = cache.root() / "python" / hashlib.sha256(made_from.encode()).hexdigest()[:12]
    if not home.is_dir():
        _make(home)
    return home / "bin" / "python"


def _make(home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=home.parent, prefix=".making-"))
    try:
        venv.create(staging, symlinks=True, with_pip=False)
        staging.rename(home)
    except OSError:
        if not home.is_dir():  # else another process was first
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
