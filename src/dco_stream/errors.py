"""What can go wrong, as sentences for people; each class owns an exit code, the same as in `dco`.

StreamError           1  anything unforeseen
├── BadConfiguration  2  a setting, a password or a key is not as it must be
├── Refused           4  it can't be done as things stand; nothing was changed
├── Unreachable       1  a server or the bucket does not answer; it may be tried again
└── Damaged           6  what is kept is not what it should be; a person must look
    └── Gone          6  … it is not there
"""

from typing import ClassVar


class StreamError(Exception):
    """An error a person reads: what happened and why, and what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return self.what


class BadConfiguration(StreamError):  # noqa: N818 -- it names what happened, as the table of exit codes does
    """A setting, a password or a key is not as it must be; nothing was changed."""

    exit_code: ClassVar[int] = 2


class Refused(StreamError):  # noqa: N818
    """It can't be done as things stand; nothing was changed."""

    exit_code: ClassVar[int] = 4


class Unreachable(StreamError):  # noqa: N818
    """A server or the bucket does not answer; the same may be tried again."""


class Damaged(StreamError):  # noqa: N818
    """What is kept, or what came over the network, is not what it should be."""

    exit_code: ClassVar[int] = 6


class Gone(Damaged):
    """What is kept is not there any more."""
