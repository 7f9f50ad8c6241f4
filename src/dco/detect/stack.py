"""Source `stack`: a Terraform stack against what was released; by meaning first, then by `terraform plan`.

The plan decides. The files only tell why: what differs although nobody changed a file is drift, or a data source that
resolves to something else.
"""

from dataclasses import dataclass
from pathlib import Path

from dco.detect.selection import inputs, meaning, select
from dco.model.change import Action, Change, Status
from dco.model.environment import Stack
from dco.model.errors import DcoError, Unreadable
from dco.model.release import Release, StackRelease
from dco.model.stackplan import StackPlan
from dco.seams.source import Source
from dco.seams.stacks import Stacks

_EVIDENCE = 20


@dataclass(frozen=True)
class Files:
    """What a stack's files say: their fingerprint now, whether it is the released one, and which files differ."""

    content: str
    inputs: str
    same: bool
    differ: tuple[str, ...] = ()


def read_files(name: str, stack: Stack, released: Release, source: Source, revision: str) -> Files:
    """Compare a stack's files with what was released, parsing only what differs. Raises `DcoError`."""
    before = released.stacks.get(name)
    given = inputs(stack)
    if before is not None and before.inputs == given and released.revision == revision:
        return Files(before.content, given, same=True)
    selected = select(stack, source, revision)
    differ = _differing(stack, source, released.revision, selected.files())
    if before is not None and before.inputs == given and differ == ():
        return Files(before.content, given, same=True)
    content = meaning(stack, selected, source, revision)
    same = before is not None and (before.content, before.inputs) == (content, given)
    return Files(content, given, same, differ or ())


def plan(stack: Stack, stacks: Stacks, source: Source, revision: str, place: Path) -> StackPlan:
    """Plan a stack in an export of a revision below `place`. Raises what `Source.export` and `Stacks.plan` raise.

    The plan file, which holds the state's secrets, does not stay: a step plans anew before it applies.
    """
    source.export(revision, place / "root")
    file = place / "saved.tfplan"
    try:
        return stacks.plan(stack, place / "root", file)
    finally:
        file.unlink(missing_ok=True)


def compare_files(name: str, files: Files | DcoError, before: StackRelease | None) -> Change:
    """Judge by the files alone, as an offline look has to."""
    if isinstance(files, DcoError):
        return _unread(name, files)
    if files.same:
        return _change(name, Status.UNCHANGED, "its configuration means what was released")
    reason = _why(files, before)
    return _change(name, Status.CHANGED, reason, Action.REDEPLOY, before, files.content, files.differ)


def compare(
    name: str, files: Files | DcoError, planned: StackPlan | DcoError, before: StackRelease | None
) -> tuple[Change, ...]:
    """Judge by the files and by what Terraform would do."""
    if isinstance(planned, DcoError):
        return (_unread(name, planned),)
    if isinstance(files, DcoError):
        return (_unread(name, files),)
    if not planned.changed:
        reason = "its configuration is as released" if files.same else "its files differ from what was released"
        return (_change(name, Status.UNCHANGED, f"{reason}, and Terraform would change nothing"),)
    actions = _actions(planned)
    drifted = _drifted(planned)
    found: list[Change] = []
    if not files.same or before is None:
        reason = f"{_why(files, before)}; Terraform would change {_count(actions)}"
        evidence = (*files.differ, *actions)[:_EVIDENCE]
        found.append(_change(name, Status.CHANGED, reason, Action.REDEPLOY, before, files.content, evidence))
    elif not drifted:
        found.append(_resolved(name, planned, before, actions))
    if drifted:
        what = f"somebody changed {', '.join(drifted[:3])} past Terraform; applying puts back what was released"
        found.append(
            Change(
                source="drift",
                component=f"drift:stack/{name}",
                status=Status.CHANGED,
                action=Action.APPROVE,
                reason=what,
                evidence=(*drifted, *actions)[:_EVIDENCE],
            )
        )
    return tuple(found)


def _differing(stack: Stack, source: Source, released: str, now: dict[str, tuple[str, str]]) -> tuple[str, ...] | None:
    """Name the files that differ from the released commit; None when that can't be told."""
    try:
        old = select(stack, source, released).files()
    except DcoError:
        return None
    return tuple(sorted(path for path in {**old, **now} if old.get(path) != now.get(path)))


def _why(files: Files, before: StackRelease | None) -> str:
    if before is None:
        return "it was never released"
    if files.inputs != before.inputs:
        return "what dco.toml gives it differs from what was released"
    shown = ", ".join(files.differ[:3]) or "its files"
    more = f" and {len(files.differ) - 3} more" if len(files.differ) > 3 else ""  # noqa: PLR2004  those shown
    return f"{shown}{more} mean something else than what was released"


def _resolved(name: str, planned: StackPlan, before: StackRelease, actions: tuple[str, ...]) -> Change:
    """Explain a plan that has something to do although neither files nor resources were touched."""
    moved = [
        address
        for address, value in planned.data_sources.items()
        if address in before.data_sources and before.data_sources[address] != value
    ]
    why = (
        f"{', '.join(moved[:3])} resolves to something else than at the release"
        if moved
        else "its configuration is as released, yet not (or not wholly) applied"
    )
    reason = f"{why}; Terraform would change {_count(actions)}"
    evidence = (*moved, *actions)[:_EVIDENCE]
    return _change(name, Status.CHANGED, reason, Action.APPROVE if moved else Action.REDEPLOY, None, None, evidence)


def _actions(planned: StackPlan) -> tuple[str, ...]:
    return tuple(
        f"{change['address']}: {_verb(list(change['change']['actions']))}" for change in planned.resource_changes
    )


def _verb(actions: list[str]) -> str:
    if "delete" in actions and "create" in actions:
        return "replace"
    return "move" if actions == ["no-op"] else " and ".join(actions)


def _drifted(planned: StackPlan) -> tuple[str, ...]:
    """Name what was changed outside of Terraform and would be put back.

    Much that Terraform notices is no drift: a revision that we registered ourselves, a time stamp. Only what the plan
    then changes matters.
    """
    touched = set(planned.addresses)
    return tuple(sorted({str(change["address"]) for change in planned.drift} & touched))


def _count(actions: tuple[str, ...]) -> str:
    return f"{len(actions)} resource{'s' if len(actions) != 1 else ''}" if actions else "outputs only"


def _unread(name: str, error: DcoError) -> Change:
    status = Status.UNKNOWN if isinstance(error, Unreadable) else Status.ERROR
    return _change(name, status, f"{error.what}; {error.remedy}" if error.remedy else error.what)


def _change(  # noqa: PLR0917  # a change has that many parts
    name: str,
    status: Status,
    reason: str,
    action: Action = Action.NONE,
    before: StackRelease | None = None,
    available: str | None = None,
    evidence: tuple[str, ...] = (),
) -> Change:
    return Change(
        source="stack",
        component=f"stack:{name}",
        status=status,
        reason=reason,
        action=action,
        current=before.content if before else None,
        available=available,
        evidence=evidence,
    )
