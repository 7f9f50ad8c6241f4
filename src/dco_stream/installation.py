"""The Neo4j that is installed on this machine: whether it can take a copy, and its programs."""

import re
import shutil
from pathlib import Path

from dco_stream.archive.bases import Manifest
from dco_stream.errors import BadConfiguration, Refused
from dco_stream.restore import Choice, Neo4j
from dco_stream.seed import demand_free

LINES = ("5.26", "2026.08")
"""Versions whose internals are proved; the plugin has a class for each."""
FORMATS = ("aligned", "standard")
_KERNEL = re.compile(r"neo4j-kernel-(\d[\w.]*)\.jar")


def version(home: Path) -> str:
    """Say which version is installed. Raises `BadConfiguration` when that is no Neo4j Community that is proved."""
    found, jars = _installed(home)
    if any(name.startswith("neo4j-enterprise") for name in jars):
        raise BadConfiguration(f"{home} is Neo4j Enterprise, whose internals are not proved here",
                               "use its own backup, or name a Community server")  # fmt: skip
    if not is_proved(found):
        raise BadConfiguration(f"Neo4j {found} in {home} is not proved", f"use one of {', '.join(LINES)}")
    return found


def is_proved(number: str) -> bool:
    """Say whether a version's internals are proved."""
    return any(number.startswith(f"{line}.") for line in LINES)


def main_class(number: str) -> str:
    """Name the class that starts a server of a version."""
    return "org.neo4j.server." + ("CommunityEntryPoint" if number.startswith("5.") else "Neo4jCommunity")


def demand_fitting(neo4j: Neo4j, manifest: Manifest) -> str:
    """Return the installed version. Raises `Refused` when it can't take a copy; nothing was changed."""
    installed = version(neo4j.home)
    demand_newer(installed, manifest.neo4j)
    for name, part in manifest.parts.items():
        if part.format not in FORMATS:
            raise Refused(f"the store of {name} has the format {part.format}, which is not proved",
                          f"proved are {' and '.join(FORMATS)}: dump and load it instead")  # fmt: skip
    if not neo4j.jar.exists():
        raise BadConfiguration(f"there is no plugin at {neo4j.jar}", "name dco.jar of that version by --plugin")
    _demand_java(neo4j)
    return installed


def demand_programs(neo4j: Neo4j) -> str:
    """Return the installed version, of whatever edition. Raises `BadConfiguration` when there is none."""
    _demand_java(neo4j)
    return _installed(neo4j.home)[0]


def demand_newer(installed: str, written: str) -> None:
    """Raise `Refused` when what one version wrote can't be read by the installed one."""
    if _order(installed) < _order(written):
        raise Refused(f"Neo4j {installed} can't read a copy of Neo4j {written}",
                      f"name a Neo4j {written} or newer by --neo4j")  # fmt: skip


def demand_room(into: Path, choice: Choice) -> None:
    """Raise `Refused` when a disk has less room than a restore takes; nothing was changed.

    The log is counted twice: as it is laid down, and what the store may grow by it.
    """
    demand_free(into, choice.manifest.size + 2 * choice.log_bytes)


def _installed(home: Path) -> tuple[str, list[str]]:
    jars = [jar.name for jar in (home / "lib").glob("neo4j-*.jar")]
    found = [match[1] for match in map(_KERNEL.fullmatch, jars) if match]
    if not found:
        raise BadConfiguration(f"there is no Neo4j in {home}", "name the directory that has Neo4j's lib/ and bin/")
    return found[0], jars


def _demand_java(neo4j: Neo4j) -> None:
    if shutil.which(neo4j.command) is None:
        raise BadConfiguration("there is no java on this machine", "install the Java that Neo4j needs, on the PATH")


def _order(number: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", number)]
