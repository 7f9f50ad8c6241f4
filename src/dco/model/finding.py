"""One line of a pre-flight, a verification or `doctor`."""

from enum import StrEnum

import msgspec


class Mark(StrEnum):
    """What was found: `SKIP` says that it could not or need not be looked at, with the reason."""

    OK = "OK"
    NG = "NG"
    SKIP = "SKIP"


class Finding(msgspec.Struct, frozen=True):
    """A thing looked at, what was found, and what to do if it is not good."""

    mark: Mark
    what: str
    detail: str = ""
    remedy: str = ""


def bad(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that forbid going on."""
    return tuple(finding for finding in findings if finding.mark is Mark.NG)
