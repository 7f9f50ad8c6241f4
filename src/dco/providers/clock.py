"""Time."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements `dco.seams.clock.Clock` by this machine's clocks."""

    def now(self) -> str:
        """Return the time in UTC as ISO 8601 with milliseconds and `Z`."""
        return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def seconds(self) -> float:
        """Return a monotonic number of seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
