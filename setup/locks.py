"""`make lock`: write every lock anew from what the project asks for, names and hashes only, no addresses."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from setup import neo4j_community, places, python_packages, terraform_command
from setup.steps import write
from setup.tools import call


def write_all(say: Callable[[str], None]) -> None:
    """Write the locks of the Python environments, and of each Neo4j version that has none yet."""
    _compile("pyproject.toml", python_packages.LOCK, ["--extra", "sandbox", "--extra", "dev"])
    _compile("setup/uv.in", python_packages.UV_LOCK)
    _compile("setup/terraform.in", terraform_command.LOCK)
    for version in neo4j_community.VERSIONS:
        if not neo4j_community.lock(version).exists():
            _write_checksums(version)
    say("  locks are written: look at `git diff setup/` before you trust them")


def _compile(wishes: str, lock: Path, extras: Sequence[str] = ()) -> None:
    rules = ["--generate-hashes", "--no-emit-index-url", "--universal", "-p", "3.11", "--quiet"]
    output = ["-o", str(lock.relative_to(places.PROJECT))]
    call(
        [python_packages.UV / "bin" / "uv", "pip", "compile", wishes, *extras, *rules, *output],
        env=python_packages.UV_SETTINGS,
        cwd=places.PROJECT,
    )


def _write_checksums(version: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        jars = Path(name) / "lib"
        neo4j_community.fetch(version, jars)
        found = neo4j_community.checksums(jars)
        write(neo4j_community.lock(version), "".join(f"{digest}  {name}\n" for name, digest in found.items()))
