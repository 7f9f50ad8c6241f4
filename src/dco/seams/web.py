"""HTTP from where a user would ask."""

from typing import Protocol

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """A status and a body; status 0 with the reason in `body` when nobody answered."""

    status: int
    body: str


class Web(Protocol):
    """Plain HTTP requests."""

    def ask(self, url: str, *, method: str = "GET", timeout: float = 5, token: str | None = None) -> Answer:
        """Ask once; never raises: an answer that did not come is status 0. A token is sent as `Idempotency-Key`."""
        ...
