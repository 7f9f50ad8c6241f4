"""What changed in lock files: package by package, and whether it ships.

A package that ships is deployed with its application; one that only developers get is shown and asks for nothing.
Access: the repository. Cost: only locks that differ are read. Can't see: what a lock's image really installs.
"""

import posixpath
from collections.abc import Iterable

from dco.detect.image import image_of
from dco.detect.locks import npm
from dco.detect.locks.locked import Locked
from dco.detect.locks.reading import read
from dco.model.change import Action, Change, Status
from dco.model.environment import Environment
from dco.model.errors import DcoError
from dco.seams.source import Source

_SOURCE = "libraries"
Packages = dict[str, tuple[str, ...]]
"""Package → its locked versions."""


def changes(former: Environment, present: Environment, source: Source, before: str, after: str) -> tuple[Change, ...]:
    """Return a change for every package that is locked otherwise than before; `error` for a lock that can't be read."""
    paths = sorted({each.lock for side in (former, present) for each in side.libraries.values()})
    blobs = [{file.path: file.blob for file in source.files(revision)} for revision in (before, after)]
    differ = [path for path in paths if blobs[0].get(path) != blobs[1].get(path)]
    if not differ:
        return ()
    nothing: tuple[Packages, Packages] = ({}, {})
    built = taken(present, source, after)
    found: list[Change] = []
    for path in differ:
        old = _side(path, source, before) if path in blobs[0] else nothing
        new = _side(path, source, after) if path in blobs[1] else nothing
        ships = path in built or not present.applications
        if isinstance(new, DcoError):
            found.append(_change(f"lock:{path}", f"{new.what}; {new.remedy}", status=Status.ERROR))
        elif isinstance(old, DcoError):
            reason = f"what it locked before can't be told ({old.what}), so it counts as changed"
            found.append(_change(f"lock:{path}", reason, action=Action.REDEPLOY if ships else Action.NONE))
        else:
            found += _compared(path, old, new, ships=ships)
    return tuple(found)


def _side(path: str, source: Source, revision: str) -> tuple[Packages, Packages] | DcoError:
    try:
        return _read(path, source.read(revision, path))
    except DcoError as error:
        return error


def _compared(
    path: str, before: tuple[Packages, Packages], after: tuple[Packages, Packages], *, ships: bool
) -> Iterable[Change]:
    for name in sorted({**before[0], **after[0]}):
        old, new = (side[0].get(name, ()) for side in (before, after))
        if old != new:
            action = Action.REDEPLOY if ships else Action.NONE
            where = "" if ships else "; no image takes this lock"
            yield _change(f"library:{name}", f"{path} locks {_said(new)}{where}", old, new, action, path)
    for name in sorted({**before[1], **after[1]}):
        old, new = (side[1].get(name, ()) for side in (before, after))
        if old != new and before[0].get(name) == after[0].get(name):
            reason = f"{path} locks {_said(new)} for developers; it does not ship"
            yield _change(f"library:{name}", reason, old, new, Action.NONE, path)


def taken(environment: Environment, source: Source, revision: str) -> set[str]:
    """Return the paths that images take."""
    found: set[str] = set()
    for application in environment.applications.values():
        try:
            image = image_of(application, source, revision)
        except DcoError:
            context = posixpath.normpath(application.context)
            found |= {f.path for f in source.files(revision) if context == "." or f.path.startswith(f"{context}/")}
            continue
        found |= {image.path(file) for file in image.files}
    return found


def _read(path: str, content: bytes) -> tuple[Packages, Packages]:
    """Return what ships and what only developers get. Raises `ConfigurationError` with file and line."""
    shipped = read(path, content)
    only = npm.development(path, content.decode("utf-8-sig")) if path.endswith(".json") else ()
    return _by_name(shipped), _by_name(only)


def _by_name(locked: Iterable[Locked]) -> Packages:
    found: dict[str, set[str]] = {}
    for one in locked:
        found.setdefault(one.name, set()).add(one.version)
    return {name: tuple(sorted(versions)) for name, versions in found.items()}


def _said(versions: tuple[str, ...]) -> str:
    return ", ".join(versions) or "it no longer"


def _change(  # a change has that many parts
    component: str,
    reason: str,
    old: tuple[str, ...] = (),
    new: tuple[str, ...] = (),
    action: Action = Action.NONE,
    evidence: str = "",
    *,
    status: Status = Status.CHANGED,
) -> Change:
    return Change(
        source=_SOURCE,
        component=component,
        status=status,
        action=action,
        reason=reason,
        current=", ".join(old) or None,
        available=", ".join(new) or None,
        evidence=(evidence,) if evidence else (),
    )
