"""Switches in the bucket: what was begun, where each source ended, and the decision, which the first writer wins.

switches/ID/begun.json      before anything is held
switches/ID/decision.json   once; gates and everybody else obey it; it says where the sources ended
"""

from datetime import datetime

import msgspec

from dco.model.errors import PersonNeeded
from dco.model.switch import Decision, Ends, Switch
from dco.seams.objects import Objects


def begin(objects: Objects, switch: Switch) -> Switch:
    """Write a switch down, or return what was written under its id before."""
    objects.put_new(_key(switch.id, "begun"), msgspec.json.encode(switch))
    return begun(objects, switch.id) or switch


def begun(objects: Objects, identity: str) -> Switch | None:
    """Return a switch; None when there is none of that id."""
    body = objects.get(_key(identity, "begun"))
    return None if body is None else msgspec.json.decode(body, type=Switch)


def propose(objects: Objects, switch: Switch, winner: str, now: str, ends: Ends | None = None) -> Decision:
    """Propose how a switch ends, and return the decision that stands, whoever's it is."""
    targets = winner == "green"
    servers = {name: way.target if targets else way.source for name, way in switch.ways.items()}
    proposed = Decision(
        switch=switch.id,
        databases=tuple(sorted(switch.ways)),
        winner="green" if targets else "blue",
        servers=servers,
        decided_at=now,
        ends=ends,
    )
    if objects.put_new(_key(switch.id, "decision"), msgspec.json.encode(proposed)):
        return proposed
    standing = decision(objects, switch.id)
    if standing is None:
        raise PersonNeeded(f"the decision of switch {switch.id} is gone", "look at the bucket's older versions of it")
    return standing


def decision(objects: Objects, identity: str) -> Decision | None:
    """Return how a switch was decided; None while it is not."""
    body = objects.get(_key(identity, "decision"))
    return None if body is None else msgspec.json.decode(body, type=Decision)


def is_late(switch: Switch, now: str) -> bool:
    """Whether its time box is over, so that anybody may decide that all stays as it was."""
    since = datetime.fromisoformat(now) - datetime.fromisoformat(switch.began)
    return since.total_seconds() > switch.time_box_seconds


def undecided(objects: Objects) -> tuple[Switch, ...]:
    """Return the switches that were begun and not decided, oldest first."""
    keys = set(objects.list("switches/"))
    names = [key.split("/")[1] for key in sorted(keys) if key.endswith("/begun.json")]
    open_ones = [begun(objects, name) for name in names if _key(name, "decision") not in keys]
    return tuple(sorted((one for one in open_ones if one), key=lambda one: one.began))


def _key(identity: str, what: str) -> str:
    return f"switches/{identity}/{what}.json"
