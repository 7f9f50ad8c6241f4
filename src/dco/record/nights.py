"""Nights in the bucket: the plan that waits, and the report that stays."""

import msgspec

from dco.model.canonical import canonical
from dco.model.outcome import Report
from dco.model.plan import Plan
from dco.seams.objects import Objects


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Since when and until when a night's plan waits for people, and who started it."""

    author: str
    since: str
    until: str


def put_plan(objects: Objects, night: str, plan: Plan) -> None:
    """Keep the plan that a night means to carry out."""
    objects.put(f"nights/{night}/plan.json", canonical(plan))


def plan_of(objects: Objects, night: str) -> Plan | None:
    """Return the plan that a night meant to carry out, if it came to that."""
    body = objects.get(f"nights/{night}/plan.json")
    return None if body is None else msgspec.json.decode(body, type=Plan)


def put_waiting(objects: Objects, night: str, waiting: Waiting) -> None:
    """Say that a night's plan waits for approval."""
    objects.put(f"nights/{night}/waiting.json", canonical(waiting))


def waiting(objects: Objects, night: str) -> Waiting | None:
    """Return since when a night waits or waited for people, None when it never did."""
    body = objects.get(f"nights/{night}/waiting.json")
    return None if body is None else msgspec.json.decode(body, type=Waiting)


def put_report(objects: Objects, report: Report) -> None:
    """Keep a night's report."""
    objects.put(f"nights/{report.night}/report.json", canonical(report))


def report(objects: Objects, night: str) -> Report | None:
    """Return a night's report, None while it has not ended."""
    body = objects.get(f"nights/{night}/report.json")
    return None if body is None else msgspec.json.decode(body, type=Report)


def reports(objects: Objects, last: int) -> tuple[Report, ...]:
    """Return the newest reports, the oldest of them first."""
    keys = [key for key in objects.list("nights/") if key.endswith("/report.json")][-last:]
    found = (objects.get(key) for key in keys)
    return tuple(msgspec.json.decode(body, type=Report) for body in found if body is not None)


def newest_report(objects: Objects) -> Report | None:
    """Return the report of the night that ended last."""
    return next(iter(reports(objects, 1)), None)


def supersede(objects: Objects, night: str, by: str) -> None:
    """Tell a night that waits that a newer offering has ended; the first word stays."""
    objects.put_new(f"nights/{night}/superseded.json", canonical({"by": by}))


def superseded_by(objects: Objects, night: str) -> str | None:
    """Return the night whose offering superseded this one, if any."""
    body = objects.get(f"nights/{night}/superseded.json")
    return None if body is None else str(msgspec.json.decode(body, type=dict[str, str])["by"])


WAITS = "waiting.json"


def put_pointer(objects: Objects, night: str) -> None:
    """Say which night waits for people."""
    objects.put(WAITS, canonical({"night": night}))


def who_waits(objects: Objects) -> str | None:
    """Return the night that waits for people, if any."""
    body = objects.get(WAITS)
    return None if body is None else str(msgspec.json.decode(body, type=dict[str, str])["night"])


def drop_pointer(objects: Objects, night: str) -> None:
    """Say that this night waits no more."""
    if who_waits(objects) == night:
        objects.delete(WAITS)
