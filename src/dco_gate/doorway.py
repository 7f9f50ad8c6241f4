"""Where a client comes in: the handshake, then a session takes over; whoever speaks no Bolt 5 or 6 is told so."""

import asyncio
import logging
from typing import cast

from dco_gate import bolt, handshake
from dco_gate.bolt import Version
from dco_gate.errors import GateError
from dco_gate.keeper import Keeper
from dco_gate.session import Session
from dco_gate.sockets import tune

LOG = logging.getLogger(__name__)
SECONDS = 10.0
"""How long a client may take until it has said which version it wants."""
LONGEST = 65_536
TOO_OLD = (
    "This gate speaks Bolt 5 and 6, and the driver speaks only Bolt 4 or older. "
    "Use a driver of version 5.0 or newer, or connect past the gate."
)


class Doorway(asyncio.Protocol):
    """Agrees upon a version with one client. Gives up after a time, so that nobody can stand in the door."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._arrived = bytearray()
        self._more: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen."""
        self._transport = cast("asyncio.Transport", transport)
        tune(self._transport)
        self._keeper.arrived(self)
        self._task = asyncio.get_running_loop().create_task(self._receive())

    def data_received(self, data: bytes) -> None:
        """Keep what arrives; nobody sends much before it has an answer."""
        self._arrived += data
        if len(self._arrived) > LONGEST:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Close with the client."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        del exc
        self.close()

    def close(self) -> None:
        """Send the client away. May be called twice."""
        self._keeper.departed(self)
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._transport.abort()

    async def _receive(self) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                version = await self._agree()
        except TimeoutError:
            version = None
        except GateError as error:
            LOG.warning("A client of %s was sent away: %s.", self._keeper.name, error)
            self._keeper.count.refused += 1
            version = None
        if version is None:
            self.close()
        else:
            self._enter(version)

    async def _agree(self) -> Version | None:
        """Read the client's offers and answer them; None if there is nothing in common."""
        offered = await self._take(handshake.OFFER_BYTES)
        if offered[:4] != handshake.MAGIC:
            self._keeper.count.malformed += 1
            return None
        spoken = await self._keeper.offered()
        if handshake.wants_manifest(offered):
            self._transport.write(handshake.manifest(spoken))
            chosen = await self._take(4)
            await self._take_capabilities()
            return handshake.choose([handshake.parse(chosen)], spoken)
        ranges = handshake.offers(offered)
        version = handshake.choose(ranges, spoken)
        if version is not None:
            self._transport.write(handshake.encode(version))
            return version
        self._keeper.count.refused += 1
        await self._refuse(ranges)
        return None

    async def _refuse(self, ranges: tuple[handshake.Range, ...]) -> None:
        """Tell a Bolt 4 client in its own words what is wrong; others learn only that there is no version."""
        old = [one for one in ranges if one.major == handshake.REFUSED_MAJOR]
        if not old:
            self._transport.write(handshake.NONE)
        else:
            self._transport.write(handshake.encode((old[0].major, old[0].high)))
            await self._take(1)
            self._transport.write(bolt.failure("Neo.ClientError.Request.Invalid", TOO_OLD))
        self._transport.close()
        await self._take(LONGEST)  # until the client has left, or the time is over

    async def _take_capabilities(self) -> None:
        """Read past a number of variable length."""
        while (await self._take(1))[0] & 0x80:
            pass

    async def _take(self, size: int) -> bytes:
        while len(self._arrived) < size:
            self._more = asyncio.get_running_loop().create_future()
            await self._more
        taken = bytes(self._arrived[:size])
        del self._arrived[:size]
        return taken

    def _enter(self, version: Version) -> None:
        peer = self._transport.get_extra_info("peername")
        session = Session(self._keeper, self._transport, version, f"{peer[0]}:{peer[1]}" if peer else "unknown")
        self._keeper.departed(self)
        self._transport.set_protocol(session)
        self._keeper.entered(session)
        if self._arrived:
            session.data_received(bytes(self._arrived))

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)
