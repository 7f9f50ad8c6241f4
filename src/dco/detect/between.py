"""What differs between the files of two revisions; only the two ends count, whatever lies between them."""

from collections.abc import Iterator, Mapping

import msgspec

from dco.detect import locked, undescribed, unread
from dco.detect.detect import detect_offline
from dco.detect.discovery import LOOKED
from dco.detect.foreseen import Foreseen, foresee
from dco.detect.releasing import read_contents, release_of
from dco.detect.selection import select
from dco.detect.stack_tree import Tree
from dco.detect.telling import readable
from dco.model.change import Action, Change, ChangeSet, Status
from dco.model.environment import Environment
from dco.model.errors import DcoError
from dco.model.release import Release
from dco.seams.source import Source

_EVIDENCE = 20


def compare(  # two sides, each with its environment
    former: Environment, present: Environment, source: Source, before: str, after: str, at: str
) -> ChangeSet:
    """Compare two revisions, each as its environment names its parts. Nothing that can't be read is left out.

    Environments that were found by looking may name no image although there is code: then all code counts.
    """
    contents, lost = read_contents(former, source, before)
    released = release_of(former, before, contents)
    look = detect_offline(present, source, released, after, at)
    found = [_with_doubt(change, lost) for change in look.changes.changes]
    found = [each for change in found for each in _foreseen(change, former, present, source, before, after)]
    found += _gone(former, present, released, lost)
    if former.name == present.name == LOOKED and not (former.applications or present.applications):
        all_of_it = undescribed.detect(source, before, after)
        found += [all_of_it] if all_of_it else []
    if former.name == present.name == LOOKED:
        deployed = bool(present.stacks or former.stacks)
        known = frozenset(locked.taken(present, source, after))
        found += unread.detect(source, before, after, composed=not deployed, known=known)
    found += locked.changes(former, present, source, before, after)
    return ChangeSet(tuple(readable(msgspec.structs.replace(change, checked_at=at)) for change in found))


def unknown(present: Environment, error: DcoError, at: str) -> ChangeSet:
    """Return that nothing is known of any part, because what was released can't be read at all."""
    names = [f"application:{name}" for name in present.applications]
    names += [f"stack:{name}" for name in present.stacks]
    names.append("workflow:all")
    reason = f"{error.what}; {error.remedy}" if error.remedy else error.what
    return ChangeSet(
        tuple(
            Change(
                source=name.partition(":")[0],
                component=name,
                status=Status.UNKNOWN,
                action=Action.APPROVE,
                reason=reason,
                checked_at=at,
            )
            for name in names
        )
    )


def _with_doubt(change: Change, lost: Mapping[str, DcoError]) -> Change:
    """Say why a part is taken as changed when what it was can't be read."""
    error = lost.get(change.component)
    if error is None or change.status is not Status.CHANGED:
        return change
    return msgspec.structs.replace(change, reason=f"what it was can't be told ({error.what}), so it counts as changed")


def _foreseen(  # it compares two sides
    change: Change, former: Environment, present: Environment, source: Source, before: str, after: str
) -> tuple[Change, ...]:
    """Say what a changed stack would do to data and doors; of databases each gets a change of its own."""
    if change.source != "stack" or change.status is not Status.CHANGED or change.name not in former.stacks:
        return (change,)
    sides = [(former.stacks[change.name], before), (present.stacks[change.name], after)]
    try:
        old, new = (Tree(stack, select(stack, source, revision), source, revision) for stack, revision in sides)
        found = foresee(present.stacks[change.name], old, new)
    except DcoError as error:
        reason = f"{change.reason}; what that does can't be told: {error.what}"
        return (msgspec.structs.replace(change, action=Action.APPROVE, reason=reason),)
    if not found:
        return (change,)
    worst = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    said = tuple(dict.fromkeys(each.sentence for each in found))
    whole = msgspec.structs.replace(
        change,
        action=worst.action,
        reason=f"{change.reason}; {worst.sentence}{more}",
        evidence=(*said, *change.evidence)[:_EVIDENCE],
    )
    return (whole, *_databases(change.name, found))


def _databases(stack: str, found: tuple[Foreseen, ...]) -> Iterator[Change]:
    """Return a change for each database that is touched, by the gravest that would come of it."""
    by_name: dict[str, list[Foreseen]] = {}
    for each in found:
        if each.database:
            by_name.setdefault(each.database, []).append(each)
    for name, about in by_name.items():
        yield Change(
            source="stack",
            component=f"database:{name}",
            status=Status.CHANGED,
            action=about[0].action,
            reason=f"stack {stack}: {about[0].sentence}",
            evidence=tuple(each.sentence for each in about)[:_EVIDENCE],
        )


def _gone(former: Environment, present: Environment, released: Release, lost: Mapping[str, DcoError]) -> list[Change]:
    """Return what is not there any more: taking it down is for a person."""
    names = [f"application:{name}" for name in former.applications if name not in present.applications]
    names += [f"stack:{name}" for name in former.stacks if name not in present.stacks]
    contents = {f"application:{name}": one.content for name, one in released.applications.items()}
    contents |= {f"stack:{name}": one.content for name, one in released.stacks.items()}
    return [
        Change(
            source=name.partition(":")[0],
            component=name,
            status=Status.CHANGED,
            action=Action.APPROVE,
            reason="it is not there any more; what it made still runs" + (", as far as known" if name in lost else ""),
            current=contents.get(name),
        )
        for name in names
    ]
