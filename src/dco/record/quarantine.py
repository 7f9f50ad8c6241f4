"""What was rolled back stays out, until its inputs change or a person releases it."""

import msgspec

from dco.model.canonical import canonical
from dco.seams.objects import Objects

PREFIX = "quarantine/"


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A plan's goal that was rolled back, by which night and why."""

    goal: str
    night: str
    at: str
    why: str


def put(objects: Objects, quarantined: Quarantined) -> None:
    """Keep a goal out; the first reason stays."""
    objects.put_new(f"{PREFIX}{quarantined.goal}.json", canonical(quarantined))


def find(objects: Objects, goal: str) -> tuple[Quarantined, ...]:
    """Return why a goal is kept out; nothing when it is not."""
    body = objects.get(f"{PREFIX}{goal}.json")
    return () if body is None else (msgspec.json.decode(body, type=Quarantined),)


def all_of(objects: Objects) -> tuple[Quarantined, ...]:
    """Return everything that is kept out."""
    found = (objects.get(key) for key in objects.list(PREFIX))
    return tuple(msgspec.json.decode(body, type=Quarantined) for body in found if body is not None)


def lift(objects: Objects, goal: str) -> bool:
    """Let a goal in again; False when it was not kept out."""
    known = bool(find(objects, goal))
    objects.delete(f"{PREFIX}{goal}.json")
    return known
