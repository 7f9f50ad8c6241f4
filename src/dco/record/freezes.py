"""Times in which nothing may start, as people set them."""

import msgspec

from dco.model.approval import Freeze
from dco.model.canonical import canonical, fingerprint
from dco.seams.objects import Objects

PREFIX = "freezes/"


def put(objects: Objects, freeze: Freeze) -> None:
    """Set a freeze."""
    objects.put(f"{PREFIX}{fingerprint(freeze)}.json", canonical(freeze))


def lift_all(objects: Objects) -> int:
    """End every freeze; return how many there were."""
    keys = objects.list(PREFIX)
    for key in keys:
        objects.delete(key)
    return len(keys)


def all_of(objects: Objects) -> tuple[Freeze, ...]:
    """Return every freeze, ended ones too."""
    found = (objects.get(key) for key in objects.list(PREFIX))
    return tuple(msgspec.json.decode(body, type=Freeze) for body in found if body is not None)
