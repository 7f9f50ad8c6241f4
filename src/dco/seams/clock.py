"""Time."""

from typing import Protocol


class Clock(Protocol):
    """The wall clock and waiting."""

    def now(self) -> str:
        """Return the time in UTC as ISO 8601 with milliseconds and `Z`; such strings sort by time."""
        ...

    def seconds(self) -> float:
        """Return a monotonic number of seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
