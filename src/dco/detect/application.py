"""Source `application`: what an application's image would hold, against what was released.

It counts what the Dockerfile's target takes from its context, less what `.dockerignore` keeps out, and the target's own
instructions; nothing else in the repository does.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from dco.detect.dockerfile import Recipe, read
from dco.detect.ignore import Ignored, pattern, with_parents
from dco.model.canonical import fingerprint
from dco.model.change import Action, Change, Status
from dco.model.environment import Application
from dco.model.errors import ConfigurationError, DcoError
from dco.model.release import Release
from dco.seams.source import Source, SourceFile

_EVIDENCE = 20


@dataclass(frozen=True)
class Image:
    """What an image would hold."""

    recipe: Recipe
    files: tuple[SourceFile, ...]
    """By their paths within the context."""

    @property
    def content(self) -> str:
        """One fingerprint of it all."""
        return fingerprint((self.recipe.steps, [(file.path, file.mode, file.blob) for file in self.files]))


def image_of(application: Application, source: Source, revision: str) -> Image:
    """Return what the image would hold. Raises `ConfigurationError` naming file and line where nobody can tell."""
    there = {file.path for file in source.files(revision)}
    dockerfile = posixpath.normpath(application.dockerfile)
    if dockerfile not in there:
        raise ConfigurationError(
            f"there is no {dockerfile} in commit {revision[:12]}", "correct `dockerfile` in dco.toml, or commit it"
        )
    context = posixpath.normpath(application.context)
    rules = [f"{dockerfile}.dockerignore", posixpath.normpath(f"{context}/.dockerignore")]
    ignore = next((path for path in rules if path in there), None)
    texts = source.read_many(revision, [dockerfile, *([ignore] if ignore else [])])
    recipe = read(texts[dockerfile].decode(errors="replace"), dockerfile, application.target)
    ignored = Ignored(texts[ignore].decode(errors="replace") if ignore else "")
    inside = [file for file in _below(source.files(revision), context) if not ignored(file.path)]
    return Image(recipe, tuple(_taken(recipe, inside, dockerfile)))


def detect(name: str, application: Application, released: Release, source: Source, revision: str) -> tuple[Change, ...]:
    """Compare an application's content with what was released."""
    component = f"application:{name}"
    before = released.applications.get(name)
    try:
        now = image_of(application, source, revision)
    except DcoError as error:
        reason = f"{error.what}; {error.remedy}"
        return (Change(source="application", component=component, status=Status.ERROR, reason=reason),)
    if before is not None and before.content == now.content:
        reason = "its image would hold what was released"
        found = Change(source="application", component=component, status=Status.UNCHANGED, reason=reason)
        return (found,)
    evidence = _evidence(application, released, source, now)
    reason = "it was never released" if before is None else _reason(evidence)
    return (
        Change(
            source="application",
            component=component,
            status=Status.CHANGED,
            action=Action.REDEPLOY,
            reason=reason,
            current=before.content if before else None,
            available=now.content,
            evidence=evidence,
        ),
    )


def _below(files: Iterable[SourceFile], context: str) -> Iterable[SourceFile]:
    """Yield the files of a context by their paths within it."""
    if context == ".":
        yield from files
        return
    for file in files:
        if file.path.startswith(f"{context}/"):
            yield SourceFile(path=file.path[len(context) + 1 :], blob=file.blob, mode=file.mode)


def _taken(recipe: Recipe, inside: list[SourceFile], dockerfile: str) -> list[SourceFile]:
    """Return the files that a recipe takes. A source that takes none would fail the build, or comes from elsewhere."""
    taken: dict[str, SourceFile] = {}
    for source, line in recipe.sources:
        path = posixpath.normpath("/" + source).strip("/")
        wanted = pattern(path)
        found = [f for f in inside if not path or any(wanted.fullmatch(way) for way in with_parents(f.path))]
        if not found:
            raise ConfigurationError(
                f"{dockerfile}:{line}: {source} is not in the context (not committed, or kept out by .dockerignore)",
                "commit it, or correct the path; what is made outside of the commit can't be compared",
            )
        taken |= {file.path: file for file in found}
    return [taken[path] for path in sorted(taken)]


def _evidence(application: Application, released: Release, source: Source, now: Image) -> tuple[str, ...]:
    """Name what differs from the released commit; nothing when that one can't be read any more."""
    try:
        before = image_of(application, source, released.revision)
    except DcoError:
        return ()
    old = {file.path: (file.mode, file.blob) for file in before.files}
    new = {file.path: (file.mode, file.blob) for file in now.files}
    words = [f"added {path}" for path in new if path not in old]
    words += [f"removed {path}" for path in old if path not in new]
    words += [f"changed {path}" for path in new if path in old and old[path] != new[path]]
    if before.recipe.steps != now.recipe.steps:
        words.append(f"changed instructions of {application.dockerfile}")
    return tuple(sorted(words)[:_EVIDENCE])


def _reason(evidence: tuple[str, ...]) -> str:
    if len(evidence) == 0:
        return "its image would hold something else than what was released"
    more = f" and {len(evidence) - 1} more" if len(evidence) > 1 else ""
    return f"its image would hold something else: {evidence[0]}{more}"
