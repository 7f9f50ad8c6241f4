"""Neo4j Community from the jars that Maven fetches, each compared with the SHA-256 in `neo4j/<version>.sha256`."""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from setup import places
from setup.steps import SetupError, Step, directory, fingerprint, write
from setup.tools import call, find

# One line a version; `make lock` writes its .sha256.
VERSIONS = ("5.26.30", "2026.08.1")
# What the sample runs. The others are for the demo and the long tests, which set DCO_NEO4J=all.
EVERYDAY = ("5.26.30",)

SOURCE = places.SETUP / "neo4j"
LAUNCHERS = ("java-options", "neo4j-admin", "neo4j")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
MAIN_CLASSES = ("org.neo4j.server.CommunityEntryPoint", "org.neo4j.server.Neo4jCommunity")


def wanted() -> tuple[str, ...]:
    """List the versions to set up: what the sample runs, or, told so by DCO_NEO4J=all, every one there is."""
    return VERSIONS if os.environ.get("DCO_NEO4J") == "all" else EVERYDAY


def home(version: str) -> Path:
    """Say where a version stands in the cache."""
    return places.cache() / "neo4j" / version


def inputs(version: str) -> str:
    """Sum up what the jars of a version are made from."""
    if not lock(version).exists():
        raise SetupError(f"Neo4j {version} has no {lock(version).name}.", "run `make lock`, which writes it.")
    return fingerprint(version, COPY, SOURCE / "pom.xml", lock(version))


def command_inputs(version: str) -> str:
    """Sum up what the commands of a version are made from; they hold the options that Java gets."""
    return fingerprint(inputs(version), *[SOURCE / "bin" / name for name in LAUNCHERS])


def lock(version: str) -> Path:
    """Say which file holds the SHA-256 of each jar."""
    return SOURCE / f"{version}.sha256"


def steps() -> list[Step]:
    """List two steps a version: its jars, and its commands apart, since a server may be using the jars."""
    return [step for version in wanted() for step in _steps(version)]


def _steps(version: str) -> list[Step]:
    stamp = f"neo4j-{version}"
    return [
        Step(
            f"Neo4j {version}",
            places.stamp(stamp),
            inputs(version),
            home(version) / "lib",
            lambda: _make_jars(version),
        ),
        Step(
            f"Neo4j {version} commands",
            places.stamp(f"{stamp}-commands"),
            command_inputs(version),
            home(version) / "bin" / "neo4j",
            lambda: _make_commands(version),
        ),
    ]


def fetch(version: str, target: Path) -> None:
    """Let Maven put the jars of a version, and all that they need, into a directory."""
    maven = find("mvn")
    if maven is None:
        raise SetupError("Maven is not here, and Neo4j's jars come by it.", "install maven and run `make setup` again.")
    call([maven, "-B", "-q", "-f", SOURCE / "pom.xml", COPY, f"-Dneo4j.version={version}",
          "-DincludeScope=runtime", f"-DoutputDirectory={target}"], cwd=target.parent)  # fmt: skip


def checksums(jars: Path) -> dict[str, str]:
    """Give the SHA-256 of each jar in a directory by its name."""
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in sorted(jars.glob("*.jar"))}


def read_lock(text: str) -> dict[str, str]:
    """Read the lines `<sha256>  <jar>` of a lock."""
    pairs = [line.split() for line in text.splitlines() if line.strip()]
    return {name: digest for digest, name in pairs}


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """List in sentences how the jars that came differ from the lock; nothing if they are the same."""
    missing = [f"{name} is missing" for name in sorted(expected.keys() - found.keys())]
    extra = [f"{name} is not in the lock" for name in sorted(found.keys() - expected.keys())]
    changed = [
        f"{name} has SHA-256 {found[name]}, the lock says {expected[name]}"
        for name in sorted(expected.keys() & found.keys())
        if expected[name] != found[name]
    ]
    return missing + extra + changed


def main_class(jars: Path) -> str:
    """Find the class that starts the server; its name changed with the calendar versions."""
    for jar in sorted(jars.glob("neo4j-*.jar")):
        with zipfile.ZipFile(jar) as archive:
            names = set(archive.namelist())
        for name in MAIN_CLASSES:
            if name.replace(".", "/") + ".class" in names:
                return name
    raise SetupError(
        f"no jar in {jars} has a class that starts Neo4j.", "tell in setup/neo4j_community.py its new name."
    )


def _make_jars(version: str) -> None:
    with directory(home(version) / "lib", places.workshop(f"neo4j-{version}")) as draft:
        fetch(version, draft)
        wrong = differences(read_lock(lock(version).read_text()), checksums(draft))
        if wrong:
            raise SetupError(
                f"the jars of Neo4j {version} are not those in setup/neo4j/{version}.sha256: {'; '.join(wrong[:3])}.",
                "remove them from Maven's local repository and try again; if it persists, do not trust them.",
            )


def _make_commands(version: str) -> None:
    words = {"@version@": version, "@main@": main_class(home(version) / "lib")}
    for name in LAUNCHERS:
        source = SOURCE / "bin" / name
        text = source.read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        write(home(version) / "bin" / name, text, mode=source.stat().st_mode & 0o777)
