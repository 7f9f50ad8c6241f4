"""The clone's `.venv`: uv, pinned by hash, installs exactly what requirements.lock names; then the project."""

import contextlib
import json
import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from setup import places
from setup.steps import SetupError, Step, directory, fingerprint, write
from setup.tools import call

LOCK = places.SETUP / "requirements.lock"
UV_LOCK = places.SETUP / "uv.lock"
UV = places.cache() / "uv" / (places.SETUP / "uv.in").read_text().strip().partition("==")[2]
STAMPS = places.ENVIRONMENT / ".stamps"
UNFINISHED = STAMPS / "unfinished"
# Its own Pythons would be a download that no lock names. Compiling once saves seconds at every start of a command where
# Python was told to keep no bytecode.
UV_SETTINGS = {
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_NO_PROGRESS": "1",
    "UV_COMPILE_BYTECODE": "1",
    "VIRTUAL_ENV": "",
}


def steps() -> list[Step]:
    """List what makes `.venv`, in order."""
    version = ".".join(str(part) for part in sys.version_info[:2])
    packages = fingerprint(version, "with bytecode", LOCK)
    return [
        Step(f"uv {UV.name}", places.stamp("uv"), fingerprint(version, UV_LOCK), UV / "bin" / "uv", _make_uv),
        Step("Python packages", STAMPS / "packages", packages, places.PYTHON, _make_packages),
        Step(
            "dco and dco-sandbox",
            STAMPS / "project",
            fingerprint(packages, _metadata(places.PROJECT / "pyproject.toml")),
            places.ENVIRONMENT / "bin" / "dco",
            _make_project,
        ),
    ]


def new_environment(target: Path) -> None:
    """Make an empty virtual environment, in the place of whatever was there."""
    base = Path(sys.executable).resolve()
    call([UV / "bin" / "uv", "venv", "--quiet", "--clear", "--no-project", "--python", base, target], env=UV_SETTINGS)


def install(environment: Path, lock: Path) -> None:
    """Make an environment hold what a lock names, by hash: from uv's cache, else from the network.

    Where uv can't (a mirror that only pip's own settings know), pip does it.
    """
    python = environment / "bin" / "python"
    sync = ["--quiet", "--require-hashes", lock]
    for attempt in (["--offline", *sync], sync):
        with contextlib.suppress(SetupError):
            return _uv("sync", python, attempt)
    pip = [UV / "bin" / "python", "-m", "pip", "--python", python]
    call([*pip, "install", "--require-hashes", "-r", lock])
    return None


def _make_uv() -> None:
    with directory(UV, places.workshop("uv")) as draft:
        call([sys.executable, "-m", "venv", draft])
        call([draft / "bin" / "python", "-m", "pip", "install", "--require-hashes", "-r", UV_LOCK])


def _make_packages() -> None:
    # A package that was half installed looks whole to uv: after an interruption start from nothing.
    if UNFINISHED.exists() or not _fits(places.ENVIRONMENT):
        new_environment(places.ENVIRONMENT)
    write(UNFINISHED, "")
    install(places.ENVIRONMENT, LOCK)
    UNFINISHED.unlink()


def _make_project() -> None:
    _uv(
        "install",
        places.PYTHON,
        ["--quiet", "--no-deps", "--no-build-isolation", "--offline", "--editable", places.PROJECT],
    )
    call([places.PYTHON, "-m", "compileall", "-q", places.PROJECT / "src"])


def _uv(verb: str, python: Path, arguments: Sequence[str | Path]) -> None:
    call([UV / "bin" / "uv", "pip", verb, "--python", python, *arguments], env=UV_SETTINGS, cwd=places.PROJECT)


def _fits(environment: Path) -> bool:
    """Say whether an environment was made by the Python line that runs now."""
    settings = environment / "pyvenv.cfg"
    if not settings.is_file() or not os.access(environment / "bin" / "python", os.X_OK):
        return False
    line = "{}.{}.".format(*sys.version_info[:2])
    pairs = [row.partition("=") for row in settings.read_text().splitlines()]
    return any(key.strip() in {"version", "version_info"} and value.strip().startswith(line) for key, _, value in pairs)


def _metadata(pyproject: Path) -> str:
    """Give what an editable install depends on, so that a changed linter setting reinstalls nothing."""
    whole = tomllib.loads(pyproject.read_text())
    project = {key: whole["project"].get(key) for key in ("name", "version", "scripts")}
    return json.dumps([project, whole["build-system"], whole["tool"]["hatch"]], sort_keys=True)
