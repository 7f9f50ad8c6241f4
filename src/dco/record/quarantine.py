"""What was rolled back stays out, until its inputs change or a person releases it."""

import msgspec

from dco.model.canonical import canonical
from dco.model.plan import Plan
from dco.seams.objects import Objects

PREFIX = "quarantine/"


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A plan's goal that was rolled back, by which night and why."""

    goal: str
    parts: tuple[str, ...] = ()
    """Goals of the steps that failed: kept out in other plans' company as well."""
    night: str
    at: str
    why: str


def put(objects: Objects, quarantined: Quarantined) -> None:
    """Keep a goal out; the first reason stays."""
    objects.put_new(f"{PREFIX}{quarantined.goal}.json", canonical(quarantined))


def find(objects: Objects, plan: Plan) -> tuple[Quarantined, ...]:
    """Return what keeps a plan out: the same plan, or one that failed at a step which this one has too."""
    steps = {step.goal for step in plan.steps}
    return tuple(one for one in all_of(objects) if one.goal == plan.goal or steps.intersection(one.parts))


def all_of(objects: Objects) -> tuple[Quarantined, ...]:
    """Return everything that is kept out."""
    found = (objects.get(key) for key in objects.list(PREFIX))
    return tuple(msgspec.json.decode(body, type=Quarantined) for body in found if body is not None)


def lift(objects: Objects, goal: str) -> bool:
    """Let a goal in again; False when it was not kept out."""
    known = objects.get(f"{PREFIX}{goal}.json") is not None
    objects.delete(f"{PREFIX}{goal}.json")
    return known
