"""Files that deploy something by means that are not read here: a change of one is unknown, never nothing.

Pipelines of other hosts, Terragrunt, CDK, CloudFormation, manifests of Kubernetes, Helm, and scripts that deploy and
that no workflow runs.
"""

import re
from collections.abc import Iterator

from dco.detect.code.sameness import same
from dco.detect.reached import deploying, reached
from dco.detect.yaml_meaning import meaning
from dco.model.change import Action, Change, Status
from dco.model.errors import DcoError
from dco.seams.source import Source

PATHS = {
    "Terragrunt": re.compile(r"(?:^|/)terragrunt\.hcl$"),
    "a CDK application": re.compile(r"(?:^|/)cdk\.json$"),
    "a Serverless application": re.compile(r"(?:^|/)serverless\.ya?ml$"),
    "a Helm chart": re.compile(r"(?:^|/)(?:Chart\.yaml|values[\w.-]*\.yaml|charts?/.*\.ya?ml)$"),
    "a Pulumi program": re.compile(r"(?:^|/)Pulumi[\w.-]*\.yaml$"),
    "a pipeline of another host": re.compile(
        r"^(?:\.gitlab-ci\.yml|Jenkinsfile|azure-pipelines\.ya?ml|bitbucket-pipelines\.yml|\.circleci/config\.yml)$"
        r"|(?:^|/)buildspec[\w.-]*\.ya?ml$|^\.(?:gitea|forgejo)/workflows/[^/]+$"
    ),
}
_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose(?:\.[\w-]+)?\.ya?ml$")
_TEMPLATE = re.compile(r"AWSTemplateFormatVersion|AWS::Serverless|Type[\"']?\s*:\s*[\"']?AWS::\w+::\w+")
_MANIFEST = re.compile(r"^apiVersion:\s*\S+(?:\n.*)*?^kind:\s*\S+", re.MULTILINE)
_SCRIPT = re.compile(r"(?:^|/)(?:[\w.-]+\.(?:sh|bash|ps1)|Makefile|Procfile|appspec\.ya?ml|taskdef[\w.-]*\.json)$")
_LEFT_OUT = re.compile(r"(?:^|/)(?:node_modules|vendor|tests?|__tests__|testdata|fixtures|docs?)/|^\.github/workflows/")
_MOST = 400
"""Files that are looked into; more differ only when everything does."""


def detect(source: Source, before: str, after: str, *, composed: bool, known: frozenset[str]) -> tuple[Change, ...]:
    """Return an unknown change for each file that differs, may deploy, and is not among the `known` ones.

    `composed` says that nothing else deploys here, so that a compose file may be what does.
    """
    sides = [{f.path: (f.mode, f.blob) for f in source.files(revision)} for revision in (before, after)]
    paths = sorted(path for path in {**sides[0], **sides[1]} if sides[0].get(path) != sides[1].get(path))
    watched = [path for path in paths if path not in known and not _LEFT_OUT.search(path)][:_MOST]
    run = _run(source, after) if watched else frozenset[str]()
    return tuple(
        _change(path, what)
        for path in watched
        if path not in run
        for texts in [[_text(source, revision, path) for revision in (before, after)]]
        for what in list(_kinds(path, texts, composed=composed))[:1]
        if not _alike(path, texts)
    )


def _kinds(path: str, texts: list[str], *, composed: bool) -> Iterator[str]:
    yield from (what for what, kind in PATHS.items() if kind.search(path))
    if composed and _COMPOSE.search(path):
        yield "a compose file"
    both = "\n".join(texts)
    if path.endswith((".yml", ".yaml", ".json", ".template")) and _TEMPLATE.search(both):
        yield "a CloudFormation template"
    if path.endswith((".yml", ".yaml")) and _MANIFEST.search(both):
        yield "a manifest of Kubernetes"
    if _SCRIPT.search(path) and (not path.endswith((".sh", ".bash", ".ps1", "Makefile")) or deploying(both)):
        yield "a script that deploys and that no workflow runs"


def _run(source: Source, revision: str) -> frozenset[str]:
    """Return what workflows reach: it counts with them."""
    found: set[str] = set()
    for file in source.files(revision):
        if file.path.startswith(".github/workflows/") and file.path.endswith((".yml", ".yaml")):
            try:
                text = source.read(revision, file.path).decode(errors="replace")
                found |= set(reached(file.path, text, source, revision))
            except DcoError:
                continue
    return frozenset(found)


def _text(source: Source, revision: str, path: str) -> str:
    there = {file.path: file.mode for file in source.files(revision)}
    return source.read(revision, path).decode(errors="replace") if there.get(path, "")[:3] == "100" else ""


def _alike(path: str, texts: list[str]) -> bool:
    if not all(texts):
        return False
    try:
        if path.endswith((".yml", ".yaml")):
            return meaning(texts[0], path) == meaning(texts[1], path)
    except DcoError:
        return False
    return same(path, texts[0].encode(errors="replace"), texts[1].encode(errors="replace"))


def _change(path: str, what: str) -> Change:
    reason = f"{path} ({what}) differs, and what it deploys is not read here"
    component = f"file:{path}"
    return Change(
        source="unread",
        component=component,
        status=Status.UNKNOWN,
        action=Action.APPROVE,
        reason=reason,
        evidence=(path,),
    )
