"""Clients at work, of which none may fail."""

import threading
import time
from typing import Any, Self

from neo4j import Driver
from tests.real.gate.gates import wait_until


class Traffic:
    """Clients that ask for the server's name over and over, by writing or by reading; none may fail."""

    def __init__(self, driver: Driver, *, writers: int = 3, readers: int = 1) -> None:
        self._driver = driver
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._write, daemon=True) for _ in range(writers)]
        self._threads += [threading.Thread(target=self._read, daemon=True) for _ in range(readers)]
        self.failures: list[Exception] = []
        self.wrote: list[str] = []
        self.read: list[str] = []
        self.longest = 0.0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        wait_until(lambda: len(self.wrote) > 20 or self.failures)
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(15)
        assert not self.failures, self.failures

    def more(self, count: int = 20) -> None:
        """Wait for more answers."""
        goal = len(self.wrote) + count
        wait_until(lambda: len(self.wrote) > goal or self.failures)

    def _write(self) -> None:
        self._over_and_over("MATCH (h:Here) SET h.at = timestamp() RETURN h.name AS name", "WRITE", self.wrote)

    def _read(self) -> None:
        self._over_and_over("MATCH (h:Here) RETURN h.name AS name", "READ", self.read)

    def _over_and_over(self, text: str, mode: str, names: list[str]) -> None:
        sessions: Any = self._driver
        try:
            while not self._ending.is_set():
                began = time.monotonic()
                # A session of its own each time: bookmarks of one server mean nothing to the other of this pair.
                with sessions.session(default_access_mode=mode) as session:
                    run = session.execute_write if mode == "WRITE" else session.execute_read
                    names.append(run(_name, text))
                self.longest = max(self.longest, time.monotonic() - began)
        except Exception as failure:  # noqa: BLE001 -- the edge of a thread: the test looks at it
            self.failures.append(failure)


def _name(transaction: Any, text: str) -> str:
    return transaction.run(text).single(strict=True)["name"]
