"""Back-pressure between a client and its server: whoever does not keep up stops the other, so that nothing piles up."""

import asyncio

from dco_gate.upstream import Upstream
from dco_gate.waiting import Waiting


class Valve:
    """Pauses and resumes reading on both sides. Every call may be repeated."""

    __slots__ = ("_choked", "_client", "_crowded", "_upstream", "_waiting")

    def __init__(self, client: asyncio.Transport, waiting: Waiting) -> None:
        self._client = client
        self._waiting = waiting
        self._upstream: Upstream | None = None
        self._crowded = False  # the client does not take what the server sends
        self._choked = False  # the server does not take what the client sends

    def attach(self, upstream: Upstream) -> None:
        """Go on with another connection to a server."""
        self._upstream = upstream
        self._choked = False
        upstream.full, upstream.ready = self._choke, self._unchoke
        if self._crowded:
            upstream.transport.pause_reading()

    def crowd(self) -> None:
        """Read no more from the server."""
        self._crowded = True
        if self._upstream is not None and not self._upstream.transport.is_closing():
            self._upstream.transport.pause_reading()

    def ease(self) -> None:
        """Read from the server again."""
        self._crowded = False
        if self._upstream is not None and not self._upstream.transport.is_closing():
            self._upstream.transport.resume_reading()

    def regulate(self) -> None:
        """Read from the client, unless the server is full or too much waits."""
        if self._client.is_closing():
            return
        if self._choked or self._waiting.full:
            self._client.pause_reading()
        else:
            self._client.resume_reading()

    def _choke(self) -> None:
        self._choked = True
        self.regulate()

    def _unchoke(self) -> None:
        self._choked = False
        self.regulate()
