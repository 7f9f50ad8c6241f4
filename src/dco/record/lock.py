"""One update at a time in an environment: an object that the first writer wins, saying who, since when and why."""

import msgspec

from dco.model.canonical import canonical
from dco.model.errors import Refused
from dco.record import nights
from dco.seams.objects import Objects

KEY = "lock.json"


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """Who updates the environment."""

    night: str
    who: str
    since: str
    why: str
    where: str = ""
    """The address of a workflow's run; empty for a night."""

    @property
    def whose(self) -> str:
        """Who it is, in words: a night, or a workflow with the place where its run can be seen."""
        return f"the workflow run {self.where}" if self.where else f"night {self.night}"


def take(objects: Objects, lock: Lock) -> None:
    """Take the lock, or find that this night has it already. Raises `Refused` naming the holder."""
    if objects.put_new(KEY, canonical(lock)):
        return None
    held = holder(objects)
    if held is None:
        return take(objects, lock)
    if held.night != lock.night:
        if held.where:
            raise Refused(
                f"the environment is locked by {held.who} since {held.since}: {held.why}",
                f"wait for {held.whose}; when it has ended without giving the lock back: {_free(held)}",
            )
        ended = nights.report(objects, held.night)
        raise Refused(
            f"the environment is locked by {held.who} since {held.since}: {held.why}",
            f"wait for night {held.night} to end; `dco status` shows it, `dco abort {held.night}` ends it"
            if ended is None
            else f"night {held.night} ended {ended.outcome} and kept it: when what runs is right, `dco adopt --again`",
        )
    return None


def _free(held: Lock) -> str:
    return f"delete {KEY} of the bucket while it still names {held.night}"


def release(objects: Objects, night: str) -> None:
    """Give the lock back if this night has it."""
    held = holder(objects)
    if held is not None and held.night == night:
        objects.delete(KEY)


def holder(objects: Objects) -> Lock | None:
    """Return who has the lock."""
    body = objects.get(KEY)
    return None if body is None else msgspec.json.decode(body, type=Lock)
