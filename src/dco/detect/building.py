"""How a repository builds its images, as far as its workflows, compose files and scripts say: context and target."""

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec
import yaml

from dco.seams.source import Source

_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose(?:\.[\w-]+)?\.ya?ml$")
_WORKFLOW = re.compile(r"^\.github/workflows/[^/]+\.ya?ml$|^\.gitlab-ci\.yml$|^buildspec[\w.-]*\.ya?ml$")
_SCRIPT = re.compile(r"(?:^|/)(?:Makefile|[\w.-]+\.(?:sh|bash))$")
_COMMAND = re.compile(r"docker(?: buildx| image)? build(?:x)?\s[^\n;&|]*")
_FOR_DEVELOPERS = {"dev", "development", "test", "local", "debug"}
_ALONE = {"--push", "--load", "--no-cache", "--pull", "--quiet", "-q", "--squash", "--rm", "--force-rm"}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Build(msgspec.Struct, frozen=True, order=True):
    """One way an image is built; paths from the repository's root."""

    dockerfile: str
    context: str
    target: str | None = None


def builds(source: Source, revision: str) -> set[Build]:
    """Return the ways in which images are built. Files that can't be read tell nothing; compose files ask last."""
    files = [file.path for file in source.files(revision) if file.mode[:3] == "100"]
    there = set(files)
    told = {file for file in files if _WORKFLOW.search(file) or _SCRIPT.search(file)}
    found = set(_known(_of_commands(told, source, revision), there))
    composed = [path for path in files if _COMPOSE.search(path)]
    for build in _known(_of_compose(composed, source, revision), there):
        if build.dockerfile not in {each.dockerfile for each in found}:
            found.add(build)
    return found


def _known(found: Iterable[Build], there: set[str]) -> Iterator[Build]:
    return (build for build in found if build.dockerfile in there and build.target not in _FOR_DEVELOPERS)


def _of_commands(paths: set[str], source: Source, revision: str) -> Iterator[Build]:
    for path, content in source.read_many(revision, sorted(paths)).items():
        text = content.decode(errors="replace").replace("\\\n", " ")
        for command in _COMMAND.findall(text):
            yield from _of_command(command)
        if _WORKFLOW.search(path) and "docker/build-push-action" in text:
            yield from _of_action(_loaded(text))


def _of_command(command: str) -> Iterator[Build]:
    try:
        words = shlex.split(command)
    except ValueError:
        return
    words = words[words.index("build") + 1 :] if "build" in words else words[2:]
    options: dict[str, str] = {}
    places: list[str] = []
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if word.startswith("-") and word != "-":
            options[name] = value if equals or word in _ALONE or not words else words.pop(0)
        else:
            places.append(word)
    if places:
        yield from _build(places[0], options.get("-f") or options.get("--file"), options.get("--target"), "")


def _of_action(document: Any) -> Iterator[Build]:
    for step in _maps(document):
        if str(step.get("uses", "")).startswith("docker/build-push-action"):
            given = _table(step.get("with"))
            yield from _build(str(given.get("context", ".")), given.get("file"), given.get("target"), "")


def _of_compose(paths: list[str], source: Source, revision: str) -> Iterator[Build]:
    for path, content in source.read_many(revision, paths).items():
        place = posixpath.dirname(path)
        for service in _maps(_loaded(content.decode(errors="replace"))):
            build = service.get("build")
            if isinstance(build, str):
                yield from _build(posixpath.join(place, build), None, None, "")
            else:
                table = _table(build)
                if not table:
                    continue
                context = posixpath.join(place, str(table.get("context", ".")))
                yield from _build(context, table.get("dockerfile"), table.get("target"), context)


def _build(context: str, dockerfile: Any, target: Any, base: str) -> Iterator[Build]:
    """Yield a build whose paths hold no variables; `base` is what the Dockerfile's path counts from."""
    file = posixpath.join(base, str(dockerfile)) if dockerfile else posixpath.join(context, "Dockerfile")
    if "$" in f"{context}{file}{target or ''}" or "://" in context:
        return
    yield Build(posixpath.normpath(file), posixpath.normpath(context), str(target) if target else None)


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _maps(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        yield table
        for item in table.values():
            yield from _maps(item)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _maps(item)


def _loaded(text: str) -> Any:
    try:
        return cast("Any", yaml).load(text, Loader=_LOADER)  # a safe loader
    except (yaml.YAMLError, RecursionError):
        return None
