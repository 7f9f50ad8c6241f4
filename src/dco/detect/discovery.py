"""What a repository holds that could be deployed, found by looking: images, Terraform roots, locks.

For a repository without a dco.toml. What it can't know (which variables a root is given, which context an image is
built in) it takes from the workflows, scripts and compose files that say so, else from what would work.
"""

import json
import posixpath
import re
import tomllib

from dco.detect.building import Build, builds
from dco.detect.image import image_of
from dco.detect.links import Followed
from dco.detect.locks.resolved import is_lock
from dco.detect.roots import roots
from dco.detect.unread import PATHS
from dco.model.environment import (
    Application,
    Aws,
    CommandOffering,
    Environment,
    GivenBuilder,
    Stack,
    State,
)
from dco.model.errors import DcoError
from dco.model.watching import LockFile
from dco.seams.source import Source

_NOT_OURS = re.compile(
    r"(?:^|/)(?:node_modules|vendor|third_party|\.venv|\.terraform|\.devcontainer|tests?|__tests__|testdata|fixtures)/"
)
_DOCKERFILE = re.compile(
    r"(?:^|/)(?:(?:Docker|Container)file(?:\.(?!dockerignore$|md$|txt$|py$|[jt]s$|go$|sh$)([\w-]+))?|([\w-]+)\.[Dd]ockerfile"
    r"|dockerfile|containerfile)$"
)
_FOR_DEVELOPERS = {"dev", "development", "devcontainer", "local", "test", "tests", "testing", "ci", "debug"}
_PLACES = {"docker", ".docker", "build", "container", "containers", "deploy", "deployment", "image", "images", "."}

_UNREAD = {
    **PATHS,
    "a lock that no reader knows": re.compile(
        r"(?:^|/)(?:yarn\.lock|pnpm-lock\.yaml|poetry\.lock|Pipfile\.lock|bun\.lockb?|Gemfile\.lock|Cargo\.lock|go\.sum)$"
    ),
}
_SHOWN = 10
LOOKED = "what was found by looking"
"""The name of an environment of which only files are known."""


def environment(source: Source, revision: str) -> Environment:
    """Return what a revision holds as an environment of which only the files are known."""
    return Environment(
        name=LOOKED,
        aws=Aws(region=""),
        state=State(bucket=""),
        offering=CommandOffering(command=[]),
        applications=_applications(source, revision),
        stacks=stacks(source, revision),
        libraries=locks(source, revision),
    )


def locks(source: Source, revision: str) -> dict[str, LockFile]:
    """Return every lock file that a reader knows, by its path."""
    found = (file.path for file in source.files(revision) if is_lock(file.path) and file.mode[:3] == "100")
    return {path: LockFile(lock=path) for path in found if not _NOT_OURS.search(path)}


def stacks(source: Source, revision: str) -> dict[str, Stack]:
    """Return every Terraform root, named after its directory."""
    found = roots(Followed(source), revision)
    names = _names({path: posixpath.basename(path) if path != "." else "main" for path in found})
    return {names[path]: stack for path, stack in found.items()}


def _applications(source: Source, revision: str) -> dict[str, Application]:
    """Return every image that a Dockerfile makes; one for each target that somebody builds."""
    paths = [file.path for file in source.files(revision) if _DOCKERFILE.search(file.path) and file.mode[:3] == "100"]
    ours = [path for path in paths if not _NOT_OURS.search(path)]
    kept = [path for path in ours if not _for_developers(path) or len(ours) == 1]
    told = builds(source, revision)
    names = _names({path: _name(path, source, revision) for path in kept})
    found: dict[str, Application] = {}
    for path in kept:
        ways = sorted({build for build in told if build.dockerfile == path}) or [None]
        for way in ways:
            built = _built(path, way, source, revision)
            more = f"-{built.target}" if len(ways) > 1 and built.target else ""
            found[names[path] + more] = built
    return found


def _built(path: str, way: Build | None, source: Source, revision: str) -> Application:
    if way is not None:
        return _application(path, way.context, way.target)
    places = [posixpath.dirname(path) or "."]
    while places[-1] != ".":
        places.append(posixpath.dirname(places[-1]) or ".")
    choices = [_application(path, place, None) for place in places]
    return next((choice for choice in choices if _works(choice, source, revision)), choices[0])


def _works(application: Application, source: Source, revision: str) -> bool:
    try:
        image_of(application, source, revision)
    except DcoError:
        return False
    return True


def _application(dockerfile: str, context: str, target: str | None) -> Application:
    nowhere = GivenBuilder(parameter="")
    return Application(
        repository="", image_parameter="", builder=nowhere, dockerfile=dockerfile, context=context, target=target
    )


def _for_developers(path: str) -> bool:
    return _word(path) in _FOR_DEVELOPERS


def _word(path: str) -> str:
    """Return what a Dockerfile's name says beside that it is one."""
    match = _DOCKERFILE.search(path)
    return (match[1] or match[2] or "") if match else ""


def _name(path: str, source: Source, revision: str) -> str:
    if word := _word(path):
        return word
    place: str = posixpath.dirname(path) or "."
    while posixpath.basename(place) in _PLACES and place != ".":
        place = posixpath.dirname(place) or "."
    return posixpath.basename(place) if place != "." else _project(source, revision)


def _project(source: Source, revision: str) -> str:
    """Return what the project calls itself, else `app`."""
    there = {file.path for file in source.files(revision)}
    readers = {"package.json": _npm_name, "pyproject.toml": _python_name}
    for path, reader in readers.items():
        if path in there and (name := reader(source.read(revision, path).decode(errors="replace"))):
            return name
    return "app"


def _npm_name(text: str) -> str:
    try:
        return str(json.loads(text).get("name") or "").rpartition("/")[2]
    except (ValueError, AttributeError):
        return ""


def _python_name(text: str) -> str:
    try:
        return str(tomllib.loads(text).get("project", {}).get("name") or "")
    except (ValueError, AttributeError):
        return ""


def _names(wished: dict[str, str]) -> dict[str, str]:
    """Return a name for each path: the wished one, the path itself where two would have the same."""
    taken = list(wished.values())
    return {path: name if taken.count(name) == 1 else path for path, name in wished.items()}


def unseen(source: Source, before: str, after: str) -> tuple[str, ...]:
    """Name what is in either revision, may deploy something, and is not read."""
    paths = {file.path for revision in (before, after) for file in source.files(revision)}
    ours = [path for path in sorted(paths) if not _NOT_OURS.search(path)]
    found = [f"{what} ({path})" for path in ours for what, kind in _UNREAD.items() if kind.search(path)]
    modules = [file.path for file in source.files(after) if file.mode == "160000"]
    return (*found[:_SHOWN], *(f"what the submodule {path} holds; its commit is compared" for path in modules))
