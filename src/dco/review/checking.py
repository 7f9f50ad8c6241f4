"""Checks that are made all at once; none ever raises."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from dco.model.errors import DcoError, Unreadable
from dco.model.finding import Finding, Mark

Found = Finding | tuple[Finding, ...]
Check = tuple[str, Callable[[], Found]]
"""What is looked at, and how. A `DcoError` that is raised becomes an NG finding with its remedy."""

AT_ONCE = 8


def check_all(checks: Sequence[Check]) -> tuple[Finding, ...]:
    """Make all checks concurrently; return their findings in the order of the checks."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(_made, checks))
    return tuple(finding for findings in found for finding in findings)


def _made(check: Check) -> tuple[Finding, ...]:
    what, look = check
    try:
        found = look()
    except Unreadable as error:
        return (Finding(Mark.NG, what, f"could not be looked at: {error.what}", error.remedy),)
    except DcoError as error:
        return (Finding(Mark.NG, what, error.what, error.remedy),)
    except Exception as error:  # noqa: BLE001  # the thread's edge: one check's defect must not hide the others
        return (Finding(Mark.NG, what, f"the check stumbled: {type(error).__name__}: {error}", "report it"),)
    return found if isinstance(found, tuple) else (found,)
