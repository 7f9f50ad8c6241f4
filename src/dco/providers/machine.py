"""What a night needs of this machine."""

import platform
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from dco.model.finding import Finding, Mark

PYTHON = (3, 11)
GIT = (2, 25)
FREE_MB = 1024
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre", "afs"})
"""File systems on which SQLite's write-ahead log is not safe."""


def python() -> Finding:
    """Look at the version of Python and of its SQLite."""
    said = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    if sys.version_info[:2] < PYTHON:
        return Finding(Mark.NG, "python", said, "install Python 3.11 or newer")
    return Finding(Mark.OK, "python", said)


def git() -> Finding:
    """Look whether git is there and new enough."""
    program = shutil.which("git")
    if program is None:
        return Finding(Mark.NG, "git", "git is not on PATH", "install git")
    words = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    version = next((word for word in words.split() if word[:1].isdigit()), "0")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < GIT:
        return Finding(Mark.NG, "git", f"git {version} is too old", "install git 2.25 or newer")
    return Finding(Mark.OK, "git", f"git {version}")


def disk(directory: Path, mounts: Path = Path("/proc/mounts")) -> tuple[Finding, ...]:
    """Look whether the engine's directory has space and is on a disk of this machine."""
    there = next(place for place in (directory, *directory.parents) if place.exists())
    free = shutil.disk_usage(there).free // 2**20
    if free < FREE_MB:
        space = Finding(Mark.NG, "disk space", f"{free} MB free below {there}", f"make {FREE_MB} MB free")
    else:
        space = Finding(Mark.OK, "disk space", f"{free} MB free below {there}")
    return space, _local(there, mounts)


def _local(there: Path, mounts: Path) -> Finding:
    what = "engine directory"
    if not mounts.exists():
        return Finding(Mark.SKIP, what, "this system does not tell which file system it is on")
    kinds = {Path(line.split()[1]): line.split()[2] for line in mounts.read_text().splitlines()}
    place = next((place for place in (there.resolve(), *there.resolve().parents) if place in kinds), None)
    kind = kinds[place] if place else "unknown"
    if kind in NETWORK:
        remedy = "set directory under [state] in dco.toml to a local disk: two hosts would corrupt it"
        return Finding(Mark.NG, what, f"{there} is on a network file system ({kind})", remedy)
    return Finding(Mark.OK, what, f"{there} is on a local disk ({kind})")
