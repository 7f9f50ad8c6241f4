"""Which story to go on with when dco is started again; ids of nights, which tell when they began. Pure."""

from dco.flow.baking import MARK as BAKE
from dco.flow.clearing import MARK as CLEAR
from dco.flow.due import overdue
from dco.flow.installing import MARK as INSTALL
from dco.flow.redeploying import MARK as REDEPLOY
from dco.flow.rollback import MARK
from dco.flow.steps import Unfinished
from dco.model.environment import Environment
from dco.model.errors import Refused

_GOES_ON = {MARK: "dco rollback", REDEPLOY: "dco redeploy", CLEAR: "dco bake --clear", INSTALL: "dco plugin install"}


def night_to_go_on(found: tuple[Unfinished, ...], environment: Environment, now: str) -> str | None:
    """Return the interrupted night to go on with; None when there is none, or its next offering is due already.

    Raises `Refused` when one runs in another process.
    """
    for one in found:
        if one.key.endswith(BAKE):
            continue
        if overdue(environment.schedule, began(one.key), now) or (one.elsewhere and one.key.endswith(tuple(_GOES_ON))):
            # the offering comes first: it does not wait for a person who goes back elsewhere
            continue
        if one.elsewhere:
            raise Refused(f"night {one.key} runs already in another process", "`dco status` shows it")
        return one.key
    return None


def rollback_to_go_on(found: tuple[Unfinished, ...]) -> str | None:
    """Return the interrupted rollback to go on with, if any. Raises `Refused` while anything else has not ended."""
    return _to_go_on(found, MARK)


def redeploy_to_go_on(found: tuple[Unfinished, ...]) -> str | None:
    """Return the interrupted redeploy to go on with, if any. Raises `Refused` while anything else has not ended."""
    return _to_go_on(found, REDEPLOY)


def clear_to_go_on(found: tuple[Unfinished, ...]) -> str | None:
    """Return the interrupted clearing to go on with, if any. Raises `Refused` while anything else has not ended."""
    return _to_go_on(found, CLEAR)


def installation_to_go_on(found: tuple[Unfinished, ...]) -> str | None:
    """Return the interrupted installation to go on with, if any. Raises `Refused` while anything else has not ended."""
    return _to_go_on(found, INSTALL)


def _to_go_on(found: tuple[Unfinished, ...], mark: str) -> str | None:
    for one in found:
        if one.key.endswith(BAKE):
            continue
        if one.elsewhere:
            remedy = f"`dco status` shows it; `dco abort {one.key}` ends it"
            raise Refused(f"night {one.key} runs in another process", remedy)
        if not one.key.endswith(mark):
            command = next((how for end, how in _GOES_ON.items() if one.key.endswith(end)), "dco run")
            raise Refused(f"night {one.key} was interrupted", f"let it end first: `{command}` goes on with it")
        return one.key
    return None


def new_key(now: str) -> str:
    """Return the id of a night that begins now; ids sort by time."""
    return now[:19].replace("-", "").replace(":", "").replace("T", "-")


def began(key: str) -> str:
    """Return when a night began, by its id."""
    return f"{key[:4]}-{key[4:6]}-{key[6:8]}T{key[9:11]}:{key[11:13]}:{key[13:15]}.000Z"
