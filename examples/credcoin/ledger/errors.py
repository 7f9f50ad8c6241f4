"""What can go wrong, as sentences for people.

LedgerError
├── SettingsError  the environment lacks something; nothing was started
├── AwayError      a database did not answer in time; try again
├── RefusedError   the request itself can't be done; carries the HTTP status
├── UnsoundError   the books are wrong; a person must look before the day may close
└── OccupiedError  another run of the offering holds the day
"""


class LedgerError(Exception):
    """An error that says what happened and, in `remedy`, what to do next."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return self.what


class SettingsError(LedgerError):
    """The environment lacks a setting, or one can't be read."""


class AwayError(LedgerError):
    """A database did not answer within its time; nothing is known to have been changed."""

    def __init__(self, database: str, reason: str) -> None:
        super().__init__(
            f"The {database} database does not answer: {reason}.",
            "Repeat the request with the same Idempotency-Key; it takes effect once.",
        )


class RefusedError(LedgerError):
    """A request that can't be done as it stands; nothing was changed."""

    def __init__(self, status: int, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.args = (status, what, remedy)
        self.status = status


class UnsoundError(LedgerError):
    """The books do not add up; the day stays open."""


class OccupiedError(LedgerError):
    """Another run of the offering holds the day, or has taken it over."""
