"""Which story to go on with when dco is started again; ids of nights, which tell when they began. Pure."""

from dco.flow.due import overdue
from dco.flow.rollback import MARK
from dco.flow.steps import Unfinished
from dco.model.environment import Environment
from dco.model.errors import Refused


def night_to_go_on(found: tuple[Unfinished, ...], environment: Environment, now: str) -> str | None:
    """Return the interrupted night to go on with; None when there is none, or its next offering is due already.

    Raises `Refused` when one runs in another process.
    """
    for one in found:
        if overdue(environment.schedule, began(one.key), now) or (one.elsewhere and one.key.endswith(MARK)):
            # the offering comes first: it does not wait for a person who goes back elsewhere
            continue
        if one.elsewhere:
            raise Refused(f"night {one.key} runs already in another process", "`dco status` shows it")
        return one.key
    return None


def rollback_to_go_on(found: tuple[Unfinished, ...]) -> str | None:
    """Return the interrupted rollback to go on with, if any. Raises `Refused` while anything else has not ended."""
    for one in found:
        if one.elsewhere:
            remedy = f"`dco status` shows it; `dco abort {one.key}` ends it"
            raise Refused(f"night {one.key} runs in another process", remedy)
        if not one.key.endswith(MARK):
            raise Refused(f"night {one.key} was interrupted", "let it end first: `dco run` goes on with it")
    return found[0].key if found else None


def new_key(now: str) -> str:
    """Return the id of a night that begins now; ids sort by time."""
    return now[:19].replace("-", "").replace(":", "").replace("T", "-")


def began(key: str) -> str:
    """Return when a night began, by its id."""
    return f"{key[:4]}-{key[4:6]}-{key[6:8]}T{key[9:11]}:{key[11:13]}:{key[13:15]}.000Z"
