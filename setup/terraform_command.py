"""`bin/terraform` in the cache: this machine's terraform or tofu if it is new enough, else a shim on a wheel."""

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from setup import places, python_packages
from setup.steps import SetupError, Step, directory, fingerprint, link, write
from setup.tools import call, find

LOCK = places.SETUP / "terraform.lock"
SHIM = places.SETUP / "terraform.py"
COMMAND = places.cache() / "bin" / "terraform"
OLDEST = {"terraform": (1, 5), "tofu": (1, 6)}
# `wheel`: as if neither were on PATH.
FORCED = os.environ.get("DCO_TERRAFORM", "")


def step() -> Step:
    """Give the step that leaves the command; another terraform on PATH makes it anew."""
    here = [f"{path} {Path(path).stat().st_mtime_ns}" for name in OLDEST if (path := find(name))]
    return Step(
        "terraform command",
        places.stamp("terraform"),
        fingerprint(FORCED, LOCK, SHIM, *here),
        COMMAND,
        _make,
    )


def choose(found: Mapping[str, str]) -> str | None:
    """Say which engine to link, from the output of its `version -json` by name; none means the wheel."""
    for name, oldest in OLDEST.items():
        version = re.search(r'"terraform_version":\s*"(\d+)\.(\d+)', found.get(name, ""))
        if version and (int(version[1]), int(version[2])) >= oldest:
            return name
    return None


def _make() -> None:
    chosen = None if FORCED == "wheel" else choose({name: _version(name) for name in OLDEST})
    path = find(chosen) if chosen else None
    if path:
        link(COMMAND, Path(path))
    else:
        _make_shim()


def _version(name: str) -> str:
    """Ask an engine for its version; one that is absent, or a stub that fails, has none."""
    path = find(name)
    try:
        return call([path, "version", "-json"]) if path else ""
    except SetupError:
        return ""


def _make_shim() -> None:
    home = places.cache() / "terraform-wheel" / fingerprint(LOCK)[:12]
    with directory(home, places.workshop("terraform")) as draft:
        python_packages.new_environment(draft)
        python_packages.install(draft, LOCK)
        shutil.copyfile(SHIM, draft / SHIM.name)
    python, shim = shlex.quote(str(home / "bin" / "python")), shlex.quote(str(home / SHIM.name))
    write(COMMAND, f'#!/bin/sh\nexec {python} -I {shim} "$@"\n', mode=0o755)
