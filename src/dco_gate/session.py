"""One client's session: what it asks goes to a server and comes back; at a boundary another server can take over."""

import asyncio
import time

from dco_gate import bolt, upstream
from dco_gate.bolt import GOODBYE, HELLO, LOGOFF, LOGON, RESET, ROUTE, RUN, SUCCESS, Version
from dco_gate.conversation import Conversation
from dco_gate.framing import CONTINUED, MalformedError, RequestReader, SummaryReader
from dco_gate.identity import Identity
from dco_gate.keeper import Keeper
from dco_gate.servers import Server
from dco_gate.standby import Standby
from dco_gate.upstream import Upstream
from dco_gate.valve import Valve
from dco_gate.waiting import Waiting

LINGER_SECONDS = 10
"""How long a client that was left may take to read what was sent to it."""


class Session(asyncio.Protocol):
    """Speaks with a client whose version is agreed upon; tells its database of each boundary."""

    def __init__(self, keeper: Keeper, transport: asyncio.Transport, version: Version, peer: str) -> None:
        self.talk = Conversation()
        self.version = version
        self.peer = peer
        self.since = 0.0
        self.text: bytes | None = None
        self.closed = False
        self._keeper = keeper
        self._client = transport
        self._identity = Identity()
        self._standby = Standby(version, self._identity)
        self._upstream: Upstream | None = None
        self._requests = RequestReader()
        self._summaries = SummaryReader()
        self._waiting = Waiting()
        self._valve = Valve(transport, self._waiting)
        self._routing: list[bytes] | None = None
        self._connecting: asyncio.Task[None] | None = None

    # -- what its database asks ---------------------------------------------------------------------------------------

    @property
    def serving(self) -> Server | None:
        """The server that answers this client now."""
        return self._upstream.server if self._upstream else None

    @property
    def stale(self) -> bool:
        """Whether it is not with the server that serves the database."""
        return self.serving != self._keeper.serving

    @property
    def waits(self) -> bool:
        """Whether requests of it are held back."""
        return bool(self._waiting)

    @property
    def standby_ready(self) -> bool:
        """Whether a connection to another server is ready."""
        return self._standby.ready

    @property
    def links(self) -> tuple[str, ...]:
        """From where it is connected to servers; a standby counts."""
        ways = (self._upstream, self._standby.spare)
        return tuple(way.link for way in ways if way is not None and not way.closed)

    def begin(self) -> None:
        """Connect to the server."""
        self._connect()

    def move(self) -> None:
        """Go to the server that serves, now if it is at a boundary, else as soon as it is; then send what waited."""
        if self.stale and self.talk.at_boundary:
            spare = self._standby.take(self._keeper.serving)
            if spare is None:
                self._connect()
            else:
                self._take(spare)
        if not (self.stale and self.talk.at_boundary):
            self.flush()

    async def prepare(self, server: Server) -> bool:
        """Open a standby connection to a server, logged on as the client is; say whether there is one now."""
        return await self._standby.prepare(server, self._keeper.trust)

    def drop_standby(self) -> None:
        """Close the standby connection, if there is one."""
        self._standby.drop()

    def keep_alive(self) -> None:
        """Send a sign of life to a client that waits."""
        if self._waiting and not self.talk.asked:
            self._client.write(bolt.NOOP)

    def close(self) -> None:
        """Close both sides. May be called twice."""
        if self.closed:
            return
        self.closed = True
        self._waiting.clear()
        if self._connecting is not None:
            self._connecting.cancel()
        self._standby.close()
        if self._upstream is not None:
            self._upstream.close()
        self._client.close()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._client.abort)
        self._keeper.left(self)

    # -- from the client ----------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Send on what may go to the server; keep the rest."""
        try:
            pieces = self._requests.feed(data)
        except MalformedError:
            self._keeper.count.malformed += 1
            self.close()
            return
        for tag, raw in pieces:
            if self._waiting or not self._admit(tag, raw):
                self._wait(tag, raw)

    def eof_received(self) -> None:
        """Close with the client."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Close with the client: whatever was open is rolled back by the server."""
        del exc
        self.close()

    def flush(self) -> None:
        """Send on what waited, as far as it may go now."""
        while self._waiting and self._admit(*self._waiting.first):
            self._waiting.drop_first()
        if self._waiting:
            self._interrupt()
        self._valve.regulate()

    def _admit(self, tag: int, raw: bytes) -> bool:
        """Send a request to the server if it may go now, and say whether it went."""
        talk = self.talk
        if self._upstream is None or self._routing is not None:
            return False
        if tag == CONTINUED:
            self._upstream.write(raw)
            return True
        if talk.begins(tag):
            if not self._may_begin(tag, raw):
                return False
        elif tag == RESET and talk.failed and self.stale:
            return self._reset_elsewhere()
        elif tag == ROUTE:
            if talk.asked:
                return False
            self._routing = []
        elif tag in {HELLO, LOGON, LOGOFF}:
            self._identity.asked(tag, raw)
            self.drop_standby()
        if tag == RUN and self._keeper.samples is not None:
            self.text = bolt.query(raw)
            self._keeper.samples.note(self.text, raw, writes=talk.writes)
        talk.sent(tag)
        self._upstream.write(raw)
        return True

    def _may_begin(self, tag: int, raw: bytes) -> bool:
        """Whether a transaction may begin, here and now. At a boundary this is where a session goes elsewhere."""
        writes = bolt.writes(tag, raw)
        if self._keeper.held and writes:
            return False
        if self.stale:
            self._soon()
            return False
        self.talk.begin(writes=writes)
        self.since = time.monotonic()
        self.text = None
        return True

    def _reset_elsewhere(self) -> bool:
        """Answer the RESET of a failed session here: the server that takes over knows nothing that needs it."""
        self.talk.sent(RESET)
        self.talk.answered(SUCCESS, more=False)
        self._client.write(bolt.message(SUCCESS, {}))
        self._soon()
        return True

    def _soon(self) -> None:
        """Move after what is being read now, if nothing else leads to that."""
        if self.talk.at_boundary and self._connecting is None:
            asyncio.get_running_loop().call_soon(self.move)

    def _wait(self, tag: int, raw: bytes) -> None:
        if tag == GOODBYE and not self.talk.asked:
            self.close()
            return
        self._waiting.add(tag, raw)
        if tag == RESET:
            self.flush()
        self._valve.regulate()

    def _interrupt(self) -> None:
        """Let a RESET take effect on what is held: it is ignored, as a server would."""
        if self.talk.asked or self._upstream is None or self._routing is not None:
            return
        ignored = self._waiting.ignore_until_reset()
        if ignored:
            self._client.write(ignored)
            self.flush()

    # -- from the server ----------------------------------------------------------------------------------------------

    def _from_server(self, data: bytes) -> None:
        if self._routing is None:
            self._client.write(data)
        else:
            self._routing.append(data)
        try:
            summaries = self._summaries.feed(data)
        except MalformedError:
            self._keeper.count.malformed += 1
            self.close()
            return
        for summary, content in summaries:
            self._answered(summary, content)
        if summaries and not self.talk.asked:
            self._settled()

    def _answered(self, summary: int, content: bytes) -> None:
        asked = self.talk.answered(summary, more=summary == SUCCESS and bolt.has_more(content))
        if asked in {HELLO, LOGON, LOGOFF}:
            self._identity.answered(asked, succeeded=summary == SUCCESS)
            if not self._identity.changing and summary == SUCCESS:
                self._keeper.known(self)
        elif asked == ROUTE:
            self._routed(summary, content)
        if summary == bolt.FAILURE and bolt.FENCED in content:
            self._keeper.fenced()

    def _routed(self, summary: int, content: bytes) -> None:
        """Answer ROUTE with the gate itself."""
        kept, self._routing = self._routing or [], None
        answer = bolt.with_route(content, self._keeper.advertised) if summary == SUCCESS else None
        self._client.write(b"".join(kept) if answer is None else answer)

    def _settled(self) -> None:
        """Go on after everything that was asked has its answer."""
        if self.since and self.talk.at_boundary:
            self._keeper.count.transactions += 1
            self._keeper.count.transaction_seconds += time.monotonic() - self.since
            self.since = 0.0
        if self.stale and self.talk.at_boundary:
            self.move()
        elif self._waiting:
            self.flush()
        self._keeper.settled(self)

    # -- one server after another -------------------------------------------------------------------------------------

    def _connect(self) -> None:
        if self._connecting is None and not self.closed:
            self._connecting = asyncio.get_running_loop().create_task(self._go())
            self._connecting.add_done_callback(self._gone)

    async def _go(self) -> None:
        """Connect to the server that serves, and take it if the client is still at a boundary by then."""
        keeper = self._keeper
        server, known = keeper.serving, self._identity.requests
        async with keeper.connecting:
            opened = await upstream.connect(server, self.version, known, keeper.trust)
        fits = server == keeper.serving and known == self._identity.requests and not self._identity.changing
        if fits and self.talk.at_boundary and not self.closed:
            self._take(opened)
        else:
            opened.close()

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._connecting = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self.move()
        elif not (self._keeper.held and self.talk.at_boundary):
            self._keeper.failed(self, error)
            self.close()

    def _take(self, opened: Upstream) -> None:
        """Go on with another connection. Only at a boundary."""
        old, self._upstream = self._upstream, opened
        opened.receive, opened.lost = self._from_server, self._lost
        self._summaries = SummaryReader()
        self._valve.attach(opened)
        if old is not None:
            old.close()
            self._keeper.moved(self)

    def _lost(self) -> None:
        """Close with the server; but a client that only waits for a decision goes on waiting."""
        if self.talk.at_boundary and (self._keeper.held or self.stale):
            self._upstream = None
            if not self._keeper.held:
                self._connect()
        else:
            self.close()

    # -- back-pressure ------------------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """Stop reading from the server: the client does not keep up."""
        self._valve.crowd()

    def resume_writing(self) -> None:
        """Read from the server again."""
        self._valve.ease()
