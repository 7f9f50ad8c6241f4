"""Source `application`: what an application's image would hold, against what was released.

Files are compared by their content first, and where that differs by what it means: comments and formatting of code, and
locks that install the same, make no difference. Access: the repository. Cost: only files that differ are read.
"""

from dataclasses import dataclass

from dco.detect.code.sameness import same
from dco.detect.image import Image, image_of
from dco.model.change import Action, Change, Status
from dco.model.environment import Application
from dco.model.errors import DcoError
from dco.model.release import Release
from dco.seams.source import Source, SourceFile

_SUBMODULE = "160000"
_EVIDENCE = 20


@dataclass(frozen=True)
class Verdict:
    """What an application's files say: the change, and what its image would hold, where that can be told."""

    change: Change
    content: str | None = None


def detect(name: str, application: Application, released: Release, source: Source, revision: str) -> Verdict:
    """Compare an application's content with what was released."""
    component = f"application:{name}"
    before = released.applications.get(name)
    try:
        now = image_of(application, source, revision)
    except DcoError as error:
        reason = f"{error.what}; {error.remedy}"
        return Verdict(Change(source="application", component=component, status=Status.ERROR, reason=reason))
    if before is not None and before.content == now.content:
        return Verdict(_unchanged(component, "its image would hold what was released"), now.content)
    old = _at_the_release(application, released, source)
    evidence = differences(application, old, now, source, released.revision, revision) if old else ()
    if before and old and old.content == before.content and not evidence:
        only = some_paths(old, now)
        reason = f"its image would mean what was released: {only} differ in how they are written only"
        return Verdict(_unchanged(component, reason), now.content)
    change = Change(
        source="application",
        component=component,
        status=Status.CHANGED,
        action=Action.REDEPLOY,
        reason="it was never released" if before is None else _reason(evidence),
        current=before.content if before else None,
        available=now.content,
        evidence=evidence[:_EVIDENCE],
    )
    return Verdict(change, now.content)


def differences(  # it compares two sides
    application: Application, old: Image, now: Image, source: Source, before: str, after: str
) -> tuple[str, ...]:
    """Name what means something else in one image than in the other: files, and the instructions."""
    former, present = ({file.path: file for file in image.files} for image in (old, now))
    words = [f"added {path}" for path in present if path not in former]
    words += [f"removed {path}" for path in former if path not in present]
    both = [path for path in present if path in former and _differ(former[path], present[path])]
    readable = [path for path in both if former[path].mode == present[path].mode != _SUBMODULE]
    texts = [
        source.read_many(revision, [image.path(files[path]) for path in readable])
        for revision, image, files in ((before, old, former), (after, now, present))
    ]
    for path in both:
        sides = [old.path(former[path]), now.path(present[path])]
        if path not in readable or not same(path, texts[0][sides[0]], texts[1][sides[1]]):
            words.append(_changed(former[path], present[path]))
    if old.recipe.steps != now.recipe.steps:
        words.append(f"changed instructions of {application.dockerfile}")
    return tuple(sorted(words))


def some_paths(old: Image, now: Image) -> str:
    """Name a few of the files that are not byte by byte the same."""
    former = {file.path: file for file in old.files}
    paths = [file.path for file in now.files if file.path in former and _differ(former[file.path], file)]
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""  # noqa: PLR2004  those shown
    return ", ".join(paths[:3]) + more


def _at_the_release(application: Application, released: Release, source: Source) -> Image | None:
    """Return what the released commit makes today; None when that can't be told.

    Only when it has the recorded content it is what was released: `dco.toml` may have said something else then.
    """
    try:
        return image_of(application, source, released.revision)
    except DcoError:
        return None


def _differ(one: SourceFile, other: SourceFile) -> bool:
    return (one.mode, one.blob) != (other.mode, other.blob)


def _changed(old: SourceFile, now: SourceFile) -> str:
    if now.mode == _SUBMODULE == old.mode:
        return f"changed {now.path}: the submodule stands at {now.blob[:12]} instead of {old.blob[:12]}"
    if old.blob == now.blob:
        return f"changed {now.path}: its mode is {now.mode} instead of {old.mode}"
    return f"changed {now.path}"


def _unchanged(component: str, reason: str) -> Change:
    return Change(source="application", component=component, status=Status.UNCHANGED, reason=reason)


def _reason(evidence: tuple[str, ...]) -> str:
    if len(evidence) == 0:
        return "its image would hold something else than what was released"
    more = f" and {len(evidence) - 1} more" if len(evidence) > 1 else ""
    return f"its image would hold something else: {evidence[0]}{more}"
