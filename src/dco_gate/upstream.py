"""One connection to a server: opened with the version that a client agreed upon, and logged on as that client."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import cast

from dco_gate import bolt, handshake
from dco_gate.bolt import Version
from dco_gate.errors import UnreachableError
from dco_gate.framing import MalformedError, SummaryReader
from dco_gate.servers import Server
from dco_gate.sockets import tune

SECONDS = 10.0
"""How long a server may take to accept a connection, and again to log it on."""

Receive = Callable[[bytes], None]
Change = Callable[[], None]


def _ignore() -> None:
    """Nobody listens to this yet."""


class Upstream(asyncio.Protocol):
    """A connection to a server. Whoever uses it sets `receive`, `lost`, `full` and `ready`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.closed = False
        self.receive: Receive = self._collect
        self.lost: Change = _ignore
        self.full: Change = _ignore
        self.ready: Change = _ignore
        self.transport: asyncio.Transport
        self.write: Receive
        self._early = bytearray()
        self._arrived: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)
        self.write = self.transport.write
        tune(self.transport)

    def data_received(self, data: bytes) -> None:
        """Hand on what the server sends."""
        self.receive(data)

    def eof_received(self) -> None:
        """Close with the server."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever uses it."""
        del exc
        self.closed = True
        self._wake()
        self.lost()

    def pause_writing(self) -> None:
        """Tell that the server does not keep up."""
        self.full()

    def resume_writing(self) -> None:
        """Tell that the server takes more."""
        self.ready()

    @property
    def link(self) -> str:
        """From where it is connected, as the server lists its connections: `HOST:PORT`."""
        here = self.transport.get_extra_info("sockname")
        return f"[{here[0]}]:{here[1]}" if ":" in here[0] else f"{here[0]}:{here[1]}"

    def close(self) -> None:
        """Say good-bye and close. May be called twice; `lost` is not called any more."""
        self.lost = self.full = self.ready = _ignore
        self.receive = _drop
        if not self.closed:
            self.write(bolt.message(bolt.GOODBYE))
            self.transport.close()

    async def take(self, size: int) -> bytes:
        """Take the next bytes that arrive before anybody is set to receive them. Raises `UnreachableError`."""
        while len(self._early) < size:
            await self._more()
        taken = bytes(self._early[:size])
        del self._early[:size]
        return taken

    async def agree(self, version: Version) -> None:
        """Propose exactly this version. Raises `UnreachableError` if the server does not speak it."""
        self.write(handshake.proposal(version))
        if await self.take(4) != handshake.encode(version):
            raise UnreachableError(
                f"{self.server} does not speak Bolt {version[0]}.{version[1]}",
                "narrow the versions before a redeploy: dco-gate versions",
            )

    async def replay(self, requests: Sequence[bytes]) -> None:
        """Send requests and wait until all have succeeded. Raises `UnreachableError`."""
        reader, left = SummaryReader(), len(requests)
        self.write(b"".join(requests))
        while left:
            if not self._early:
                await self._more()
            arrived = bytes(self._early)
            self._early.clear()
            for summary, _ in reader.feed(arrived):
                left -= 1
                if summary != bolt.SUCCESS:
                    raise UnreachableError(f"{self.server} refused a client's HELLO or LOGON", "compare its users")

    async def _more(self) -> None:
        if not self.closed:
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        if self.closed and not self._early:
            raise UnreachableError(f"{self.server} closed the connection", "look at the server's log")

    def _collect(self, data: bytes) -> None:
        self._early += data
        self._wake()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)


def _drop(data: bytes) -> None:
    """Forget what a server sends after we have left."""


async def connect(
    server: Server, version: Version, requests: Sequence[bytes], trust: ssl.SSLContext | None
) -> Upstream:
    """Connect with exactly this version and replay these requests. Raises `UnreachableError` with the reason."""
    upstream = await _open(server, trust)
    try:
        async with asyncio.timeout(SECONDS):
            await upstream.agree(version)
            await upstream.replay(requests)
    except TimeoutError:
        upstream.transport.abort()
        raise UnreachableError(f"{server} did not answer in {SECONDS:.0f} s", "look at the server's log") from None
    except (UnreachableError, MalformedError) as error:
        upstream.transport.abort()
        raise error if isinstance(error, UnreachableError) else _no_bolt(server) from error
    except asyncio.CancelledError:
        upstream.transport.abort()
        raise
    return upstream


async def spoken(server: Server, trust: ssl.SSLContext | None) -> frozenset[Version]:
    """Ask a server which versions it speaks, as far as the gate understands them. Raises `UnreachableError`."""
    try:
        async with asyncio.timeout(SECONDS):
            return await _listed(server, trust) or await _newest(server, trust)
    except TimeoutError:
        raise UnreachableError(f"{server} did not answer in {SECONDS:.0f} s", "look at the server's log") from None


async def _listed(server: Server, trust: ssl.SSLContext | None) -> frozenset[Version]:
    """Ask for a server's list; nothing if it has none, as before Neo4j 5.26."""
    upstream = await _open(server, trust)
    try:
        upstream.write(handshake.MAGIC + handshake.MANIFEST.ljust(16, b"\0"))
        answer = await upstream.take(4)
        if answer != handshake.MANIFEST:
            return frozenset()
        while (ranges := handshake.read_manifest(answer)) is None:
            answer += await upstream.take(1)
        return handshake.understood(ranges)
    except UnreachableError:
        return frozenset()
    finally:
        upstream.transport.abort()


async def _newest(server: Server, trust: ssl.SSLContext | None) -> frozenset[Version]:
    """Ask for the newest Bolt 5 of a server; it speaks those before as well."""
    upstream = await _open(server, trust)
    try:
        upstream.write(handshake.MAGIC + bytes([0, 8, 8, 5]).ljust(16, b"\0"))
        answer = handshake.parse(await upstream.take(4))
    finally:
        upstream.transport.abort()
    if answer.major not in handshake.MAJORS:
        raise UnreachableError(f"{server} speaks neither Bolt 5 nor 6", "the gate needs Neo4j 5.0 or newer")
    return handshake.understood([answer._replace(low=0)])


async def _open(server: Server, trust: ssl.SSLContext | None) -> Upstream:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SECONDS):
            _, upstream = await loop.create_connection(
                lambda: Upstream(server), server.host, server.port, ssl=trust if server.tls else None
            )
    except ssl.SSLError as error:
        raise UnreachableError(
            f"{server} does not prove who it is ({error.reason or error})", "name its authority in ca_file"
        ) from None
    except TimeoutError:
        raise UnreachableError(f"{server} did not accept a connection in {SECONDS:.0f} s", "is it up?") from None
    except OSError as error:
        raise UnreachableError(f"{server} can't be reached ({error})", "is it up, and does it listen there?") from None
    return upstream


def _no_bolt(server: Server) -> UnreachableError:
    return UnreachableError(f"what {server} answers is no Bolt", "is it a Neo4j, and is TLS as it should be?")
