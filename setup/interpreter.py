"""Which Python makes the environment. This file alone must also run on Pythons that are too old for the rest."""

from __future__ import annotations

import os
import shutil
import sys

OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")


def newest(names: list[str]) -> str | None:
    """Give the command with the highest version that is new enough, from names such as `python3.12`."""
    fitting = {version: name for name in names if (version := _version(name)) is not None and version >= OLDEST}
    return fitting[max(fitting)] if fitting else None


def start_again() -> str:
    """Run this same command with a newer Python from PATH; come back with a sentence only if there is none."""
    found = newest([name for name in NEWER if shutil.which(name)])
    if found is not None:
        os.execvp(found, [found, "-m", "setup", *sys.argv[1:]])  # noqa: S606  # no shell on purpose
    have = ".".join(str(part) for part in sys.version_info[:2])
    return (
        f"Error: dco needs Python 3.11 or newer, and python3 here is {have}.\n"
        "Try: install one (on Debian 12 or newer: apt-get install python3), or put python3.11 on PATH."
    )


def _version(name: str) -> tuple[int, int] | None:
    major, _, minor = name.removeprefix("python").partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None
