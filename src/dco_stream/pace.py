"""How much of the time something may keep a server busy."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Pace:
    """Rests after each piece of work, so that work takes no more than a share of the time."""

    def __init__(self, share: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Work for `share` of the time: above 0, at most 1, which never rests."""
        self._rest = (1 - share) / share
        self._sleep = sleep

    @contextmanager
    def work(self) -> Generator[None]:
        """Do a piece of work, then rest."""
        began = time.monotonic()
        yield
        if self._rest > 0:
            self._sleep((time.monotonic() - began) * self._rest)
