"""What sessions and their database ask of one another, so that neither needs to know how the other is made."""

import asyncio
import ssl
from typing import Protocol

from dco_gate.bolt import Version
from dco_gate.conversation import Conversation
from dco_gate.counts import Counts
from dco_gate.samples import Samples
from dco_gate.servers import Server


class Guest(Protocol):
    """A client's session, as its database sees it."""

    talk: Conversation
    version: Version
    peer: str
    since: float
    text: bytes | None

    @property
    def stale(self) -> bool:
        """Whether it is not with the server that serves the database."""
        ...

    @property
    def waits(self) -> bool:
        """Whether requests of it are held back."""
        ...

    @property
    def standby_ready(self) -> bool:
        """Whether a connection to another server is ready."""
        ...

    @property
    def links(self) -> tuple[str, ...]:
        """From where it is connected to servers, as `HOST:PORT`."""
        ...

    def begin(self) -> None:
        """Connect to the server. To be called once."""
        ...

    def move(self) -> None:
        """Go to the server that serves, now if at a boundary, else as soon as it is; then send what waited."""
        ...

    async def prepare(self, server: Server) -> bool:
        """Open a standby connection to a server; say whether there is one now. Raises `UnreachableError`."""
        ...

    def drop_standby(self) -> None:
        """Close the standby connection. May be called twice."""
        ...

    def keep_alive(self) -> None:
        """Send a sign of life to a client that waits."""
        ...

    def close(self) -> None:
        """Close both sides. May be called twice."""
        ...


class Caller(Protocol):
    """A client that has not said yet which version it wants."""

    def close(self) -> None:
        """Send it away. May be called twice."""
        ...


class Keeper(Protocol):
    """A database, as its sessions see it."""

    name: str
    advertised: str
    serving: Server
    held: bool
    trust: ssl.SSLContext
    samples: Samples | None
    count: Counts
    connecting: asyncio.Semaphore

    async def offered(self) -> frozenset[Version]:
        """Give the versions that clients may have. Raises `UnreachableError`."""
        ...

    def arrived(self, caller: Caller) -> None:
        """Hear of a client at the door."""
        ...

    def departed(self, caller: Caller) -> None:
        """Hear that a client is at the door no more. May be called twice."""
        ...

    def entered(self, session: Guest) -> None:
        """Take in a client that has agreed upon a version."""
        ...

    def known(self, session: Guest) -> None:
        """Hear that a client has logged on."""
        ...

    def settled(self, session: Guest) -> None:
        """Hear that a session has all its answers."""
        ...

    def moved(self, session: Guest) -> None:
        """Hear that a session goes on with another server."""
        ...

    def failed(self, session: Guest, error: BaseException) -> None:
        """Hear that no server takes a session."""
        ...

    def fenced(self) -> None:
        """Hear that the server refuses writes."""
        ...

    def left(self, session: Guest) -> None:
        """Hear that a session has ended."""
        ...
