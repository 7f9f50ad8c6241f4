"""Source `workflow`: the repository host's workflows, by meaning, against what was released.

A changed workflow takes effect when it is merged, not by a deployment. One that can deploy needs a person who has
looked at it; any other is shown. What a deploying workflow reaches (local actions, scripts) counts as part of it.
"""

import posixpath
import re
from collections.abc import Mapping

from dco.detect.code.sameness import is_pointer
from dco.detect.reached import deploys, reached
from dco.detect.yaml_meaning import meaning
from dco.model.canonical import fingerprint
from dco.model.change import Action, Change, Status
from dco.model.environment import Workflows
from dco.model.errors import ConfigurationError, DcoError
from dco.model.release import Release
from dco.seams.source import Source, SourceFile

_SPEAKERS = re.compile(r"(?:^|/)(?:Makefile|package\.json|[\w.-]+\.(?:ya?ml|sh|bash|js|mjs|ts|py|json))$")
_MOST_READ = 500


def read(workflows: Workflows, source: Source, revision: str) -> dict[str, str | DcoError]:
    """Return the fingerprint of every file below the workflows' directory, or why it could not be read."""
    files = [file for file in source.files(revision) if file.path.startswith(workflows.directory.rstrip("/") + "/")]
    texts = source.read_many(revision, [file.path for file in files if _is_yaml(file)])
    return {file.path: _read_one(file, texts, source, revision) for file in files}


def detect(workflows: Workflows, released: Release, source: Source, revision: str) -> tuple[Change, ...]:
    """Compare every workflow with what was released."""
    comparison = _Comparison(workflows, released, source, revision)
    return comparison.changes()


class _Comparison:
    """Two sides of a directory of workflows."""

    def __init__(self, workflows: Workflows, released: Release, source: Source, revision: str) -> None:
        self._workflows = workflows
        self._released = released
        self._source = source
        self._revision = revision
        self._now = read(workflows, source, revision)
        self._gone = {path for path in released.workflows if path not in self._now}

    def changes(self) -> tuple[Change, ...]:
        found = [self._one(path, now) for path, now in sorted(self._now.items())]
        renamed = {change.evidence[0] for change in found if change.reason.startswith("it was renamed")}
        return (*found, *(self._removed(path) for path in sorted(self._gone - renamed)))

    def _one(self, path: str, now: str | DcoError) -> Change:
        if isinstance(now, DcoError):
            return self._change(path, Status.ERROR, f"{now.what}; {now.remedy}")
        before = self._released.workflows.get(path)
        if before == now:
            return self._change(path, Status.UNCHANGED, "it means what was released")
        former = next((old for old in sorted(self._gone) if self._released.workflows[old] == now), None)
        if before is None and former is not None:
            return self._renamed(path, former, now)
        reason = "it is new" if before is None else "it means something else than what was released"
        words = set(deploys(path, self._text(path, self._revision), self._source, self._revision))
        return self._judged(path, reason, words | (self._deployed(path) if before else set()), before, now)

    def _removed(self, path: str) -> Change:
        reason = "it was removed; whoever relied on it has to know"
        return self._judged(path, reason, self._deployed(path), self._released.workflows[path], None)

    def _renamed(self, path: str, former: str, now: str) -> Change:
        still = self._still_named(former)
        reason = f"it was renamed from {former}, and means the same"
        if still:
            reason += f"; {still[0]} still names it as it was"
        action = Action.APPROVE if still else Action.NONE
        return self._change(path, Status.CHANGED, reason, action, now, now, (former, *still))

    def _judged(self, path: str, reason: str, words: set[str], before: str | None, now: str | None) -> Change:
        """A change of what can deploy needs a person."""
        shown = sorted(words)
        note = f"; it deploys ({', '.join(shown[:3])})" if words else "; it can't deploy anything"
        action = Action.APPROVE if words else Action.NONE
        return self._change(path, Status.CHANGED, reason + note, action, before, now, tuple(shown))

    def _deployed(self, path: str) -> set[str]:
        """Return by which words it could deploy as it was released; when that can't be read, it could."""
        try:
            revision = self._released.revision
            return set(deploys(path, self._text(path, revision), self._source, revision))
        except DcoError:
            return {"what it was can't be read"}

    def _text(self, path: str, revision: str) -> str:
        return self._source.read(revision, path).decode(errors="replace") if _is_yaml_name(path) else ""

    def _still_named(self, former: str) -> tuple[str, ...]:
        """Name the files that still speak of a workflow by the name that it had."""
        files = [f.path for f in self._source.files(self._revision) if _SPEAKERS.search(f.path) and f.mode[:3] == "100"]
        texts = self._source.read_many(self._revision, files[:_MOST_READ])
        name = re.compile(rb"(?<![\w.-])" + re.escape(posixpath.basename(former)).encode() + rb"(?![\w-])")
        return tuple(path for path, content in texts.items() if name.search(content))[:3]

    def _change(  # noqa: PLR0917  # a change has that many parts
        self,
        path: str,
        status: Status,
        reason: str,
        action: Action = Action.NONE,
        current: str | None = None,
        available: str | None = None,
        evidence: tuple[str, ...] = (),
    ) -> Change:
        return Change(
            source="workflow",
            component=f"workflow:{path.removeprefix(self._workflows.directory.rstrip('/') + '/')}",
            status=status,
            action=action,
            reason=reason,
            current=current,
            available=available,
            evidence=evidence,
        )


def _is_yaml(file: SourceFile) -> bool:
    return _is_yaml_name(file.path) and file.mode.startswith("100")


def _is_yaml_name(path: str) -> bool:
    return path.endswith((".yml", ".yaml"))


def _read_one(file: SourceFile, texts: Mapping[str, bytes], source: Source, revision: str) -> str | DcoError:
    if not _is_yaml(file):
        return fingerprint((file.mode, file.blob))
    content = texts[file.path]
    if is_pointer(content):
        return ConfigurationError(f"{file.path}:1: it only points to Git LFS", "keep it in git itself")
    text = content.decode(errors="replace")
    try:
        own = meaning(text, file.path)
        others = reached(file.path, text, source, revision)
        if not others or not deploys(file.path, text, source, revision):
            return own
        return fingerprint((own, [(path, other.blob) for path, other in others.items()]))
    except ConfigurationError as error:
        return error
