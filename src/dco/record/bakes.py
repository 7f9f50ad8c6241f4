"""Bakes in the bucket: the one that is open, and those that were.

bakes/ID.json    a redeploy's bake, written when its switch is through, and once more when it ends
"""

from typing import Literal

import msgspec

from dco.model.canonical import canonical
from dco.model.redeploy import Bake
from dco.seams.objects import Objects

PREFIX = "bakes/"


def put(objects: Objects, bake: Bake) -> None:
    """Keep a bake as it stands."""
    objects.put(_key(bake.redeploy), canonical(bake))


def of(objects: Objects, redeploy: str) -> Bake | None:
    """Return a redeploy's bake; None when it never came to one."""
    body = objects.get(_key(redeploy))
    return None if body is None else msgspec.json.decode(body, type=Bake)


def all_of(objects: Objects) -> tuple[Bake, ...]:
    """Return every bake, the oldest first."""
    found = (objects.get(key) for key in objects.list(PREFIX))
    return tuple(msgspec.json.decode(body, type=Bake) for body in found if body is not None)


def open_one(objects: Objects) -> Bake | None:
    """Return the bake that has not ended; there is one at most, since a redeploy is refused meanwhile."""
    return next((bake for bake in reversed(all_of(objects)) if not bake.ended), None)


def end(objects: Objects, bake: Bake, how: Literal["kept", "gone back"], why: str, at: str) -> Bake:
    """Write down how a bake ended; the first word stays."""
    standing = of(objects, bake.redeploy) or bake
    if standing.ended:
        return standing
    ended = msgspec.structs.replace(standing, ended=how, why=why, at=at)
    put(objects, ended)
    return ended


def _key(redeploy: str) -> str:
    return f"{PREFIX}{redeploy}.json"
