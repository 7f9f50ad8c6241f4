"""What can go wrong, as sentences for people; each class owns an exit code.

    DcoError                1  anything unforeseen
    ├── ConfigurationError  2  dco.toml, a flag or the machine is not as it must be
    ├── OfferingFailed      3  the offering failed or did not end; nothing was deployed
    ├── Refused             4  a guard, policy or person said no, or nobody answered in time
    ├── StepFailed          5  a step did not do what it promised; what was done is being undone
    ├── PersonNeeded        6  neither forward nor back is safe without a person
    └── Unreadable          1  a source could not be read; never to be taken for "no change"

Every error's arguments are its state (what happened and why, what to do next), so that it can be stored as JSON
and raised again after a restart.
"""

from typing import ClassVar

import msgspec


class DcoError(Exception):
    """An error a person reads: what happened and why, and what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return self.what


class ConfigurationError(DcoError):
    """The configuration, a flag or the machine is not as it must be; nothing was changed."""

    exit_code: ClassVar[int] = 2


class OfferingFailed(DcoError):  # noqa: N818  # it names what happened, as the exit code's table does
    """The offering failed or did not end in its time; nothing is deployed after it."""

    exit_code: ClassVar[int] = 3


class Refused(DcoError):  # noqa: N818
    """A guard, the policy or a person said no, or nobody answered before the expiry."""

    exit_code: ClassVar[int] = 4


class StepFailed(DcoError):  # noqa: N818
    """A step or its verification did not come true; what was done so far is undone."""

    exit_code: ClassVar[int] = 5


class PersonNeeded(DcoError):  # noqa: N818
    """Neither forward nor back is safe, or going back failed: a person must look."""

    exit_code: ClassVar[int] = 6


class Unreadable(DcoError):  # noqa: N818
    """A source could not be read: its answer is unknown, never "no change"."""


class StoredError(msgspec.Struct, frozen=True):
    """An error as plain JSON, so that a resumed night raises what the first run raised."""

    kind: str
    what: str
    remedy: str = ""


_KINDS = {
    kind.__name__: kind
    for kind in (ConfigurationError, DcoError, OfferingFailed, PersonNeeded, Refused, StepFailed, Unreadable)
}


def store(error: DcoError) -> StoredError:
    """Return an error as plain JSON."""
    return StoredError(type(error).__name__, error.what, error.remedy)


def restore(stored: StoredError) -> DcoError:
    """Return the error that `store` kept, of the same class."""
    return _KINDS[stored.kind](stored.what, stored.remedy)
