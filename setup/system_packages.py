"""What only the system's package tool has: installed when root, else told as one command to type."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable

from setup.steps import SetupError
from setup.tools import call, find

ROOT = 0


def needed(*, python_is_made: bool, jars_are_made: bool) -> list[str]:
    """List the packages that are needed and missing here; Maven only while there are jars to fetch."""
    packages: list[str] = []
    if find("haproxy") is None:
        packages.append("haproxy")
    if not jars_are_made and find("mvn") is None:
        packages.append("maven")
    if not python_is_made and importlib.util.find_spec("ensurepip") is None:
        packages.append("python{}.{}-venv".format(*sys.version_info[:2]))
    return packages


def install(packages: Iterable[str], say: Callable[[str], None]) -> None:
    """Install them with apt-get if this is root; else raise SetupError with the command for a person."""
    names = sorted(packages)
    if not names:
        return
    apt = find("apt-get")
    if apt is None or os.geteuid() != ROOT:
        raise SetupError(
            f"this machine has no {', '.join(names)}.", f"run this, then `make setup`:\n    {command(names)}"
        )
    say(f"  {'system packages':<28} … ({' '.join(names)})")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    call([apt, "update", "-q"], env=quiet)
    call([apt, "install", "-q", "-y", "--no-install-recommends", *names], env=quiet)


def command(names: list[str]) -> str:
    """Give the command that installs packages, for the package tool that is here."""
    if find("apt-get"):
        return f"sudo apt-get update && sudo apt-get install -y --no-install-recommends {' '.join(names)}"
    if find("brew"):
        return f"brew install {' '.join(names)}"
    return f"install {' and '.join(names)} with this system's package tool"
