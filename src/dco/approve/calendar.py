"""When updates may start: windows of the policy, freezes of people."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from dco.model.approval import Freeze
from dco.model.policy import Policy, Window

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def closed(policy: Policy, freezes: Iterable[Freeze], now: str) -> str | None:
    """Return why no update may start now, None when one may. `now` is ISO 8601 in UTC."""
    for freeze in freezes:
        if freeze.since <= now < freeze.until:
            return f"frozen until {freeze.until} by {freeze.by}: {freeze.why}"
    here = datetime.fromisoformat(now).astimezone(ZoneInfo(policy.time_zone))
    if policy.windows and not any(_open(window, here) for window in policy.windows):
        return f"{here:%a %H:%M} {policy.time_zone} is outside of every window of the policy"
    return None


def _open(window: Window, here: datetime) -> bool:
    """A window that ends before it begins goes on past midnight, and belongs to the day on which it began."""
    minute, day = here.strftime("%H:%M"), here.weekday()
    if window.begin <= window.end:
        return _DAYS[day] in window.days and window.begin <= minute < window.end
    if minute >= window.begin:
        return _DAYS[day] in window.days
    return minute < window.end and _DAYS[day - 1] in window.days
