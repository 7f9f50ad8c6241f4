"""What can go wrong, as sentences for people; each class owns an exit code and an HTTP status.

GateError               1  500  anything unforeseen
├── ConfigurationError  2  400  gate.toml, a flag, a request or the machine is not as it must be
├── UnknownError        2  404  there is no such database or call
├── RefusedError        4  409  not now: a switch is under way, a transaction runs, or the record says otherwise
├── ForbiddenError      4  401  the proof of a control request does not fit
└── UnreachableError    5  502  a server, the record or the gate itself did not answer as it should
"""

from typing import ClassVar


class GateError(Exception):
    """An error a person reads: what happened and why, and what to do next."""

    exit_code: ClassVar[int] = 1
    status: ClassVar[int] = 500

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return self.what


class ConfigurationError(GateError):
    """The configuration, a flag, a request or the machine is not as it must be; nothing was changed."""

    exit_code = 2
    status = 400


class UnknownError(GateError):
    """There is no such database or call; nothing was changed."""

    exit_code = 2
    status = 404


class RefusedError(GateError):
    """Not now; what is under way goes on."""

    exit_code = 4
    status = 409


class ForbiddenError(GateError):
    """A control request without a proof that fits; nothing was changed."""

    exit_code = 4
    status = 401


class UnreachableError(GateError):
    """A server, the record or the gate itself did not answer as it should."""

    exit_code = 5
    status = 502
