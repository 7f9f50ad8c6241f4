"""The plugin that a Neo4j server needs to be copied and followed, compiled for each version without a JDK."""

import hashlib
import tempfile
import zipfile
from pathlib import Path

from setup import java_runtime, neo4j_community, places
from setup.steps import SetupError, Step, directory, fingerprint, link
from setup.tools import call, find

PROJECT = places.PROJECT / "neo4j-plugin"
COMPILER = "3.42.0"
COMPILER_SHA256 = "29f6d3918ee02db4400c103bc25dd90a22491c3a395867d9393070cb96a7dd29"
COMPILER_CLASS = "org.eclipse.jdt.internal.compiler.batch.Main"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
# What a version begins with → where its own sources are, and the oldest Java that it runs on.
LINES = {"5.26.": ("line-5.26", "17"), "2026.08.": ("line-2026.08", "21")}
# The oldest moment that a zip file can tell: the same sources make the same jar.
EPOCH = (1980, 1, 1, 0, 0, 0)

MANIFEST = "Manifest-Version: 1.0\nAgent-Class: dco.Agent\n"
"""A running Neo4j takes the jar as an agent: see `dco.Agent`."""


def compiler() -> Step:
    """Give the step that fetches the Eclipse compiler, which is one jar."""
    return Step(
        f"Eclipse compiler {COMPILER}",
        places.stamp("ecj"),
        fingerprint(COMPILER, COMPILER_SHA256, COPY),
        _compiler_jar(),
        _fetch_compiler,
    )


def steps() -> list[Step]:
    """List one step a version; the jar is kept by its sources, so that clones that differ don't disturb each other."""
    return [
        Step(
            f"Neo4j {version} plugin",
            places.stamp(f"neo4j-{version}-plugin"),
            _inputs(version),
            plugin(version),
            lambda version=version: _make(version),
        )
        for version in neo4j_community.wanted()
    ]


def plugin(version: str) -> Path:
    """Say where the jar of a version is, as it was made last."""
    return neo4j_community.home(version) / "plugin" / "dco.jar"


def jar(version: str) -> Path:
    """Say where the jar that this clone's sources make is kept; another clone's may be the one made last."""
    return places.cache() / "neo4j-plugin" / f"{version}-{_inputs(version)[:16]}.jar"


def sources(version: str) -> list[Path]:
    """List what the jar of a version is made from: what all share, then what its line needs; raise if it has none."""
    for prefix, (folder, _) in LINES.items():
        if version.startswith(prefix):
            return [path for name in ("src", folder) for path in sorted((PROJECT / name).rglob("*")) if path.is_file()]
    raise SetupError(
        f"the plugin has no sources for Neo4j {version}.",
        f"add its line in {PROJECT.name}/ and in LINES, with a proof.",
    )


def _inputs(version: str) -> str:
    files = sources(version)
    names = [str(path.relative_to(PROJECT)) for path in files]
    return fingerprint(COMPILER_SHA256, java_runtime.version(), neo4j_community.inputs(version), *names, *files)


def _compiler_jar() -> Path:
    return places.cache() / "ecj" / f"ecj-{COMPILER}.jar"


def _fetch_compiler() -> None:
    maven = find("mvn")
    if maven is None:
        raise SetupError(
            "Maven is not here, and the compiler comes by it.", "install maven and run `make setup` again."
        )
    with directory(_compiler_jar().parent, places.workshop("ecj")) as draft:
        artifact = f"-Dartifact=org.eclipse.jdt:ecj:{COMPILER}"
        call([maven, "-B", "-q", COPY, artifact, f"-DoutputDirectory={draft}"], cwd=draft)
        if hashlib.sha256((draft / _compiler_jar().name).read_bytes()).hexdigest() != COMPILER_SHA256:
            raise SetupError(
                f"the Eclipse compiler {COMPILER} is not the one that was locked.",
                "remove it from Maven's local repository and try again; if it persists, do not trust it.",
            )


def _make(version: str) -> None:
    made = jar(version)
    if not made.exists():
        workshop = places.workshop("neo4j-plugin")
        workshop.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=workshop) as name:
            _compile(version, Path(name) / "classes")
            draft = Path(name) / "dco.jar"
            _pack(Path(name) / "classes", draft)
            made.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(made)
    link(plugin(version), made)


def _compile(version: str, classes: Path) -> None:
    java = places.cache() / "bin" / "java"
    release = next(release for prefix, (_, release) in LINES.items() if version.startswith(prefix))
    jars = ":".join(str(jar) for jar in sorted((neo4j_community.home(version) / "lib").glob("*.jar")))
    options = ["-source", release, "-target", release, "-proc:none", "-nowarn", "-encoding", "UTF-8"]
    code = [path for path in sources(version) if path.suffix == ".java"]
    call([java, "-cp", _compiler_jar(), COMPILER_CLASS, *options, "-cp", jars, "-d", classes, *code])


def _pack(classes: Path, jar: Path) -> None:
    resources = PROJECT / "src"
    files = {path.relative_to(classes): path for path in classes.rglob("*.class")}
    files |= {path.relative_to(resources): path for path in (resources / "META-INF").rglob("*") if path.is_file()}
    files[Path("META-INF/LICENSE")] = PROJECT / "LICENSE"
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("META-INF/MANIFEST.MF", EPOCH), MANIFEST)
        for name, path in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name.as_posix(), EPOCH), path.read_bytes(), zipfile.ZIP_DEFLATED)
