"""What an application's image would hold.

It is what the Dockerfile's target takes from its context, less what `.dockerignore` keeps out, and the target's own
instructions; nothing else in the repository.
"""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dco.detect.code.sameness import is_pointer
from dco.detect.dockerfile import Recipe, read
from dco.detect.ignore import Ignored, pattern, with_parents
from dco.detect.links import target as link_target
from dco.model.canonical import fingerprint
from dco.model.environment import Application
from dco.model.errors import ConfigurationError
from dco.seams.source import Source, SourceFile

_LINK = "120000"


@dataclass(frozen=True)
class Image:
    """What an image would hold."""

    recipe: Recipe
    files: tuple[SourceFile, ...]
    """By their paths within the context."""
    context: str = "."

    @property
    def content(self) -> str:
        """One fingerprint of it all, byte by byte."""
        return fingerprint((self.recipe.steps, [(file.path, file.mode, file.blob) for file in self.files]))

    def path(self, file: SourceFile) -> str:
        """Return a file's path within the repository."""
        return posixpath.normpath(f"{self.context}/{file.path}")


def image_of(application: Application, source: Source, revision: str) -> Image:
    """Return what the image would hold. Raises `ConfigurationError` naming file and line where nobody can tell."""
    files = source.files(revision)
    there = {file.path for file in files}
    dockerfile = posixpath.normpath(application.dockerfile)
    if dockerfile not in there:
        raise ConfigurationError(
            f"there is no {dockerfile} in commit {revision[:12]}", "correct `dockerfile` in dco.toml, or commit it"
        )
    context = posixpath.normpath(application.context)
    rules = [f"{dockerfile}.dockerignore", posixpath.normpath(f"{context}/.dockerignore")]
    ignore = next((path for path in rules if path in there), None)
    texts = source.read_many(revision, [dockerfile, *([ignore] if ignore else [])])
    if is_pointer(texts[dockerfile]):
        raise ConfigurationError(f"{dockerfile}:1: it only points to Git LFS", "keep it in git itself")
    recipe = read(texts[dockerfile].decode(errors="replace"), dockerfile, application.target)
    ignored = Ignored(texts[ignore].decode(errors="replace") if ignore else "")
    inside = [file for file in _below(files, context) if not ignored(file.path)]
    taken = _taken(recipe, inside, dockerfile)
    return Image(recipe, tuple(_with_targets(taken, recipe, inside, context, source, revision)), context)


def _below(files: Iterable[SourceFile], context: str) -> Iterable[SourceFile]:
    """Yield the files of a context by their paths within it."""
    if context == ".":
        yield from files
        return
    for file in files:
        if file.path.startswith(f"{context}/"):
            yield SourceFile(path=file.path[len(context) + 1 :], blob=file.blob, mode=file.mode)


def _taken(recipe: Recipe, inside: list[SourceFile], dockerfile: str) -> dict[str, SourceFile]:
    """Return the files that a recipe takes. A source that takes none would fail the build, or comes from elsewhere."""
    taken: dict[str, SourceFile] = {}
    for source, line in recipe.sources:
        found = list(_named(source, inside))
        if not found:
            raise ConfigurationError(
                f"{dockerfile}:{line}: {source} is not in the context (not committed, or kept out by .dockerignore)",
                "commit it, or correct the path; what is made outside of the commit can't be compared",
            )
        taken |= {file.path: file for file in found}
    return taken


def _named(source: str, inside: Iterable[SourceFile]) -> Iterator[SourceFile]:
    path = posixpath.normpath("/" + source).strip("/")
    wanted = pattern(path)
    return (f for f in inside if not path or any(wanted.fullmatch(way) for way in with_parents(f.path)))


def _with_targets(  # it follows what was taken
    taken: dict[str, SourceFile], recipe: Recipe, inside: list[SourceFile], context: str, source: Source, revision: str
) -> list[SourceFile]:
    """Add what links point to that the recipe names itself: Docker copies their targets."""
    named = [pattern(posixpath.normpath("/" + each).strip("/")) for each, _ in recipe.sources]
    waiting = [file for file in taken.values() if file.mode == _LINK and any(n.fullmatch(file.path) for n in named)]
    while waiting:
        link = waiting.pop()
        real = posixpath.normpath(f"{context}/{link.path}")
        there = link_target(link.path, source.read(revision, real))
        found = [file for file in inside if file.path == there or file.path.startswith(f"{there}/")]
        waiting += [file for file in found if file.path == there and file.mode == _LINK and file.path not in taken]
        taken |= {file.path: file for file in found}
    return [taken[path] for path in sorted(taken)]
