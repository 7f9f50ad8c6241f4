"""Layers of installed packages: made once for a lock file's content, shared by all builds and worlds."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dco_sandbox import cache
from dco_sandbox.images.tree import Entry, Tree, entry

_INDEX = ".listing.json"


class InstallError(RuntimeError):
    """Packages can't be installed; the message ends with what pip said."""


def layer(lock: Path, options: Sequence[str]) -> Tree:
    """Give the files that `pip install --target` makes of a lock file, from the cache when it was done before.

    The network is used only for wheels that the cache has never seen. Raises InstallError.
    """
    kind = f"{sys.implementation.cache_tag} {sys.platform} {os.uname().machine}"
    key = hashlib.sha256("\n".join([kind, *options, lock.read_text()]).encode()).hexdigest()
    directory = cache.root() / "layers" / key
    if not directory.is_dir():
        _install(lock, options, directory)
    return {
        path: Entry(directory / path, executable, digest, size, shared=True)
        for path, executable, digest, size in json.loads((directory / _INDEX).read_text())
    }


def _install(lock: Path, options: Sequence[str], directory: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".installing-"))
    try:
        _fill(lock, options, staging)
        _write_listing(staging)
        staging.rename(directory)
    except OSError:
        if not directory.is_dir():  # else another build made the same layer meanwhile
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _fill(lock: Path, options: Sequence[str], target: Path) -> None:
    wheels = cache.root() / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    install = ["install", *options, "--no-index", "--find-links", str(wheels)]
    install += ["--target", str(target), "-r", str(lock)]
    if _pip(install).returncode == 0:
        return
    shutil.rmtree(target)
    target.mkdir()
    download = ["download", *options, "--only-binary=:all:", "-d", str(wheels), "-r", str(lock)]
    for arguments in (download, install):
        done = _pip(arguments)
        if done.returncode:
            raise InstallError(f"pip {arguments[0]} -r {lock.name} failed:\n{done.stderr.strip()[-2000:]}")


def _pip(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    if importlib.util.find_spec("pip") is None:
        raise InstallError("pip is not in the sandbox's virtual environment: run `make setup`.")
    quiet = ["--disable-pip-version-check", "--no-input", "--quiet"]
    return subprocess.run(
        [sys.executable, "-m", "pip", *quiet, *arguments], capture_output=True, text=True, check=False
    )


def _write_listing(root: Path) -> None:
    """Drop what names this machine or this minute, and note the rest."""
    for record in root.glob("*.dist-info/RECORD"):
        record.unlink()  # has the hashes of the scripts, whose first line is this machine's interpreter
    for script in (root / "bin").glob("*"):
        if script.is_file():
            _make_portable(script)
    lines: list[list[object]] = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            item = entry(path)
            lines.append([path.relative_to(root).as_posix(), item.executable, item.digest, item.size])
    (root / _INDEX).write_text(json.dumps(lines))


def _make_portable(script: Path) -> None:
    content = script.read_bytes()
    first, _, rest = content.partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        script.write_bytes(b"#!/usr/bin/env python3\n" + rest)
