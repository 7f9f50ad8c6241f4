"""Source `workflow`: the repository host's workflows, by meaning, against what was released.

A changed workflow takes effect when it is merged, not by a deployment: what it needs is a person who has looked at it.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

import yaml

from dco.model.canonical import fingerprint
from dco.model.change import Action, Change, Status
from dco.model.environment import Workflows
from dco.model.errors import ConfigurationError, DcoError
from dco.model.release import Release
from dco.seams.source import Source, SourceFile

_DEPLOYS = re.compile(
    r"(?:terraform|tofu)(?: -\S+)* apply|ecs update-service|docker(?: buildx build)? .*push|docker push|\bdco run\b"
    r"|aws-actions/amazon-ecs-deploy\S*|cdk deploy|serverless deploy|kubectl apply|ssm put-parameter"
)
_DEEPEST = 200


def meaning(text: str, path: str) -> str:
    """Return the fingerprint of what YAML means: formatting, comments and the order of keys do not count.

    Raises `ConfigurationError` with file and line for what does not parse, and for a key that is there twice.
    """
    try:
        documents = cast("list[yaml.Node | None]", list(cast("Any", yaml).compose_all(text, Loader=yaml.SafeLoader)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else "?"
        what = getattr(error, "problem", None) or str(error)
        raise ConfigurationError(f"{path}:{line}: not valid YAML: {what}", f"correct {path} and commit it") from None
    return fingerprint([_plain(document, path, 0) for document in documents])


def read(workflows: Workflows, source: Source, revision: str) -> dict[str, str | DcoError]:
    """Return the fingerprint of every file below the workflows' directory, or why it could not be read."""
    files = [file for file in source.files(revision) if file.path.startswith(workflows.directory.rstrip("/") + "/")]
    texts = source.read_many(revision, [file.path for file in files if _is_yaml(file)])
    return {file.path: _read_one(file, texts) for file in files}


def detect(workflows: Workflows, released: Release, source: Source, revision: str) -> tuple[Change, ...]:
    """Compare every workflow with what was released."""
    now = read(workflows, source, revision)
    gone = {path for path in released.workflows if path not in now}
    found = [_one(workflows, path, now[path], released, source, revision, gone) for path in sorted(now)]
    renamed = {change.evidence[0] for change in found if change.reason.startswith("it was renamed")}
    for path in sorted(gone - renamed):
        reason = "it was removed; whoever relied on it has to know"
        found.append(_change(workflows, path, reason, Action.APPROVE, released.workflows[path], None))
    return tuple(found)


def _one(  # noqa: PLR0917  # it compares two sides of one file
    workflows: Workflows,
    path: str,
    now: str | DcoError,
    released: Release,
    source: Source,
    revision: str,
    gone: set[str],
) -> Change:
    if isinstance(now, DcoError):
        reason = f"{now.what}; {now.remedy}"
        return Change(source="workflow", component=_name(workflows, path), status=Status.ERROR, reason=reason)
    before = released.workflows.get(path)
    if before == now:
        reason = "it means what was released"
        return Change(source="workflow", component=_name(workflows, path), status=Status.UNCHANGED, reason=reason)
    former = next((old for old in sorted(gone) if released.workflows[old] == now), None)
    if former is not None:
        reason = f"it was renamed from {former}, and means the same"
        return _change(workflows, path, reason, Action.APPROVE, before, now, (former,))
    deploys = sorted(set(_DEPLOYS.findall(source.read(revision, path).decode(errors="replace"))))
    note = f"; it deploys ({', '.join(deploys)})" if deploys else ""
    reason = ("it is new" if before is None else "it means something else than what was released") + note
    return _change(workflows, path, reason, Action.APPROVE, before, now, tuple(deploys))


def _change(  # noqa: PLR0917  # a change has that many parts
    workflows: Workflows,
    path: str,
    reason: str,
    action: Action,
    current: str | None,
    available: str | None,
    evidence: tuple[str, ...] = (),
) -> Change:
    return Change(
        source="workflow",
        component=_name(workflows, path),
        status=Status.CHANGED,
        action=action,
        reason=reason,
        current=current,
        available=available,
        evidence=evidence,
    )


def _name(workflows: Workflows, path: str) -> str:
    return f"workflow:{path.removeprefix(workflows.directory.rstrip('/') + '/')}"


def _is_yaml(file: SourceFile) -> bool:
    return file.path.endswith((".yml", ".yaml"))


def _read_one(file: SourceFile, texts: Mapping[str, bytes]) -> str | DcoError:
    if not _is_yaml(file):
        return fingerprint((file.mode, file.blob))
    try:
        return meaning(texts[file.path].decode(errors="replace"), file.path)
    except ConfigurationError as error:
        return error


def _plain(node: yaml.Node | None, path: str, depth: int) -> object:
    """Return a node as plain JSON; a mapping as its sorted pairs. Anchors stand for what they name."""
    if depth > _DEEPEST:
        raise ConfigurationError(f"{path}: it is nested too deeply, or within itself", f"correct {path}")
    if isinstance(node, yaml.MappingNode):
        pairs = [(fingerprint(_plain(key, path, depth + 1)), key, value) for key, value in node.value]
        for at, (key, written, _) in enumerate(pairs):
            if key in (other for other, _, _ in pairs[:at]):
                where = f"{path}:{written.start_mark.line + 1}"
                raise ConfigurationError(f"{where}: the key {written.value} is there twice", f"correct {path}")
        return {"map": [[key, _plain(value, path, depth + 1)] for key, _, value in sorted(pairs, key=lambda p: p[0])]}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, path, depth + 1) for item in node.value]
    return None if node is None else [node.tag, node.value]
