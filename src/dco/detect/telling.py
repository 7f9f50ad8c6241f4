"""Words that the sources outside of the repository share."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from dco.model.change import Change, Status
from dco.model.errors import DcoError, Unreadable

_NAMED = 3


def readable(change: Change) -> Change:
    """Return a change that can be printed and stored: what is not UTF-8 in a path is written out."""
    said = [change.component, change.reason, *change.evidence]
    if all(text.isascii() for text in said):
        return change
    component, reason, *evidence = (text.encode("utf-8", "backslashreplace").decode() for text in said)
    return msgspec.structs.replace(change, component=component, reason=reason, evidence=tuple(evidence))


def unread(source: str, component: str, error: DcoError, current: str | None = None) -> Change:
    """Say that something could not be looked at, and why: `unknown` where nobody answered, else `error`."""
    status = Status.UNKNOWN if isinstance(error, Unreadable) else Status.ERROR
    return Change(source=source, component=component, status=status, reason=why(error), current=current)


def why(error: DcoError) -> str:
    """Return an error with its remedy, as one sentence."""
    return f"{error.what}; {error.remedy}" if error.remedy else error.what


def some(names: Iterable[str]) -> str:
    """Return the first few names and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more


def days_between(earlier: str | None, later: str | None) -> float | None:
    """Return the days from one time to another, both ISO 8601; None when either is none."""
    begin, end = _moment(earlier), _moment(later)
    return None if begin is None or end is None else (end - begin).total_seconds() / 86400


def age(at: str | None, now: str) -> str:
    """Return how old something is, in words that fit behind its name; empty when that is not known."""
    days = days_between(at, now)
    return "" if days is None else f" ({max(0, int(days))} days old)"


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
