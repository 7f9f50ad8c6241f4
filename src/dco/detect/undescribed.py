"""An application of which no Dockerfile says what ships: then everything that could be code counts.

It is what keeps a look at an unknown repository from calling changed code "nothing": a function in a package, a site, a
program that is deployed by means that are not read here.
"""

import re

from dco.detect.code.sameness import same
from dco.model.change import Action, Change, Status
from dco.seams.source import Source, SourceFile

_NO_CODE = re.compile(
    r"(?:^|/)(?:docs?|tests?|__tests__|spec|fixtures|testdata|\.github|\.gitlab|\.vscode|\.idea|changelog\.d)/"
    r"|\.(?:md|rst|adoc|tf|tfvars|hcl|png|svg|jpe?g|gif)$|\.tf\.json$|\.(?:test|spec)\.[jt]sx?$|(?:^|/)test_[^/]*\.py$"
    r"|(?:^|/)(?:LICEN[CS]E|NOTICE|CODEOWNERS|Makefile|\.[^/]+|[^/]*\.tfbackend)$|_test\.(?:go|py)$"
)
_CODE = re.compile(
    r"\.(?:py|[mc]?[jt]s|[jt]sx|go|rs|java|kt|rb|php|cs|scala|ex|exs|clj|c|cc|cpp|swift|vue|svelte|html)$"
)
_SUBMODULE = "160000"
_SHOWN = 20


def detect(source: Source, before: str, after: str) -> Change | None:
    """Compare everything that could be code; None where neither revision holds any."""
    old, new = (_counted(source, revision) for revision in (before, after))
    if not any(_CODE.search(path) for path in {**old, **new}):
        return None
    paths = sorted({**old, **new})
    differ = [path for path in paths if not _alike(path, old.get(path), new.get(path), source, before, after)]
    component = "application:app"
    if not differ:
        reason = "no Dockerfile says what ships, and no file that could be code means something else"
        return Change(source="application", component=component, status=Status.UNCHANGED, reason=reason)
    more = f" and {len(differ) - 1} more" if len(differ) > 1 else ""
    return Change(
        source="application",
        component=component,
        status=Status.CHANGED,
        action=Action.REDEPLOY,
        reason=f"no Dockerfile says what ships, so all code counts: {differ[0]}{more}",
        evidence=tuple(f"changed {path}" for path in differ)[:_SHOWN],
    )


def _counted(source: Source, revision: str) -> dict[str, SourceFile]:
    return {file.path: file for file in source.files(revision) if not _NO_CODE.search(file.path)}


def _alike(  # it compares two sides
    path: str, old: SourceFile | None, new: SourceFile | None, source: Source, before: str, after: str
) -> bool:
    if old is None or new is None or old.mode != new.mode:
        return old is new
    if old.blob == new.blob:
        return True
    return old.mode != _SUBMODULE and same(path, source.read(before, path), source.read(after, path))
