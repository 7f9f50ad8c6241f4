"""One database behind the gate: its clients' sessions, the server that serves, and holding and moving all at once."""

import asyncio
import logging
import ssl
import time
from collections import deque
from collections.abc import Callable

import msgspec

from dco_gate import upstream
from dco_gate.bolt import Version
from dco_gate.counts import Counts
from dco_gate.errors import UnreachableError
from dco_gate.keeper import Caller, Guest
from dco_gate.samples import Samples
from dco_gate.servers import Server

LOG = logging.getLogger(__name__)
AT_ONCE = 64
"""How many connections are opened at the same time."""
SIGN_OF_LIFE_SECONDS = 10.0
LONGEST_TEXT = 200
GLANCE_SECONDS = 0.003
BURST = 32
TRICKLE = 16
TRICKLE_SECONDS = 2.0
"""At a release a burst of sessions goes on at once, one more for each answer, and a few after a time without any."""


class Running(msgspec.Struct, frozen=True):
    """A transaction under way that may write: whose it is, for how long, and its latest query without parameters."""

    client: str
    seconds: float
    query: str


class Standbys(msgspec.Struct, frozen=True):
    """How many sessions have a connection to the other server ready, and why others have none."""

    ready: int
    failed: int
    reason: str = ""


class Moved(msgspec.Struct, frozen=True):
    """How many sessions are with the server that serves, and how many go there at their next boundary."""

    there: int
    later: int


class Database:
    """All sessions of one database. `held` and `serving` change only by `hold`, `release` and `serve`."""

    def __init__(self, name: str, advertised: str, serving: Server, trust: ssl.SSLContext, *, sampling: bool) -> None:
        self.name = name
        self.advertised = advertised
        self.serving = serving
        self.trust = trust
        self.samples = Samples() if sampling else None
        self.held = False
        self.count = Counts()
        self.sessions: set[Guest] = set()
        self._callers: set[Caller] = set()
        self.narrowed: frozenset[Version] | None = None
        self.on_fence: Callable[[], None] = _nothing
        self.connecting = asyncio.Semaphore(AT_ONCE)
        self._spoken: dict[Server, frozenset[Version]] = {}
        self._standby: Server | None = None
        self._queue: deque[Guest] = deque()
        self._released = 0.0
        self._drained: asyncio.Event | None = None
        self._emptied: asyncio.Event | None = None
        self._held_since = 0.0
        self._signs: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- versions -----------------------------------------------------------------------------------------------------

    async def offered(self) -> frozenset[Version]:
        """Give the versions that clients may have. Raises `UnreachableError` if the server must be asked and fails."""
        spoken = await self.spoken(self.serving)
        return spoken if self.narrowed is None else spoken & self.narrowed

    async def spoken(self, server: Server) -> frozenset[Version]:
        """Give the versions that a server speaks; it is asked once until it fails. Raises `UnreachableError`."""
        if server not in self._spoken:
            self._spoken[server] = await upstream.spoken(server, self.trust)
        return self._spoken[server]

    def narrow(self, versions: frozenset[Version] | None) -> int:
        """Offer only these versions from now on; sessions of others are closed at their boundary. Count those."""
        self.narrowed = versions
        others = [one for one in self.sessions if versions is not None and one.version not in versions]
        for session in others:
            self.settled(session)
        return len(others)

    # -- holding and moving -------------------------------------------------------------------------------------------

    @property
    def held_seconds(self) -> float:
        """For how long writes have been held by now; 0 when they are not."""
        return time.monotonic() - self._held_since if self.held else 0.0

    def hold(self) -> None:
        """Let no new transaction that may write begin. May be called twice."""
        if not self.held:
            self.held = True
            self.count.holds += 1
            self._held_since = time.monotonic()
            self._signs = asyncio.get_running_loop().call_later(SIGN_OF_LIFE_SECONDS, self._show_life)

    async def drain(self, seconds: float) -> tuple[Running, ...]:
        """Wait until nothing that may write is under way; give what still is after a time."""
        if self.running:
            self._drained = asyncio.Event()
            try:
                async with asyncio.timeout(seconds):
                    await self._drained.wait()
            except TimeoutError:
                pass
            finally:
                self._drained = None
        return self.running

    @property
    def running(self) -> tuple[Running, ...]:
        """The transactions under way that may write."""
        now = time.monotonic()
        return tuple(
            Running(one.peer, round(now - one.since, 3), (one.text or b"")[:LONGEST_TEXT].decode(errors="replace"))
            for one in self.sessions
            if one.talk.may_write
        )

    def serve(self, server: Server) -> Moved:
        """Let a server serve from now on: sessions go there at their boundaries, and what was held goes on."""
        self.serving = server
        if self.held:
            self.count.hold_seconds += self.held_seconds
            self.held = False
        if self._signs is not None:
            self._signs.cancel()
        for session in list(self.sessions):
            if session.waits:
                self._queue.append(session)
            else:
                session.move()
        self._release(BURST)
        self._release_the_stuck()
        self._standby = None
        for session in self.sessions:
            if not session.stale:
                session.drop_standby()
        return self.moved_by_now

    def _release(self, count: int) -> None:
        """Let so many that waited go on: a server that all ask at once has neither threads nor memory for the last."""
        self._released = time.monotonic()
        for _ in range(min(count, len(self._queue))):
            self._queue.popleft().move()

    def _release_the_stuck(self) -> None:
        """Let more go on if none of those before had an answer for a while."""
        if self._queue:
            if time.monotonic() - self._released >= TRICKLE_SECONDS:
                self._release(TRICKLE)
            asyncio.get_running_loop().call_later(TRICKLE_SECONDS, self._release_the_stuck)

    @property
    def moved_by_now(self) -> Moved:
        """How many sessions are with the server that serves, and how many are not yet."""
        later = sum(session.stale for session in self.sessions)
        return Moved(len(self.sessions) - later, later)

    async def gather(self, seconds: float) -> Moved:
        """Wait a while for idle sessions that could be with the server that serves, and are not yet."""
        until = time.monotonic() + seconds
        while self._connects and time.monotonic() < until:  # noqa: ASYNC110 -- for a moment, and seldom
            await asyncio.sleep(GLANCE_SECONDS)
        return self.moved_by_now

    @property
    def _connects(self) -> bool:
        return any(one.stale and one.talk.at_boundary and not one.waits for one in self.sessions)

    async def prepare(self, server: Server | None) -> Standbys:
        """Have a connection to another server ready for each session, also for those to come; None ends that."""
        self._standby = server
        if server is None:
            for session in self.sessions:
                session.drop_standby()
            return Standbys(0, 0)
        results = await asyncio.gather(*(self._prepare(one, server) for one in list(self.sessions)))
        reasons = [reason for reason in results if reason]
        return Standbys(sum(reason == "" for reason in results), len(reasons), reasons[0] if reasons else "")

    async def _prepare(self, session: Guest, server: Server) -> str | None:
        """Prepare one session: give an empty reason, the reason why not, or None if there is no need."""
        try:
            async with self.connecting:
                return "" if await session.prepare(server) else None
        except UnreachableError as error:
            return str(error)

    # -- what sessions tell -------------------------------------------------------------------------------------------

    def arrived(self, caller: Caller) -> None:
        """Remember a client at the door."""
        self._callers.add(caller)

    def departed(self, caller: Caller) -> None:
        """Forget a client at the door."""
        self._callers.discard(caller)

    def entered(self, session: Guest) -> None:
        """Take in a client that has agreed upon a version."""
        self.sessions.add(session)
        self.count.sessions += 1
        session.begin()

    def known(self, session: Guest) -> None:
        """Prepare a session that has just logged on, if sessions are being prepared."""
        if self._standby is not None:
            task = asyncio.get_running_loop().create_task(self._prepare_late(session, self._standby))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _prepare_late(self, session: Guest, server: Server) -> None:
        reason = await self._prepare(session, server)
        if reason:
            LOG.warning("A session of %s has no standby: %s.", self.name, reason)

    def settled(self, session: Guest) -> None:
        """Look at a session that has all its answers."""
        if self._drained is not None and not any(one.talk.may_write for one in self.sessions):
            self._drained.set()
        if self._queue:
            self._release(1)
        unwanted = self.narrowed is not None and session.version not in self.narrowed
        if (unwanted or self._emptied is not None) and session.talk.at_boundary and not session.waits:
            session.close()

    def moved(self, session: Guest) -> None:
        """Count a session that goes on with another server."""
        del session
        self.count.moved += 1

    def failed(self, session: Guest, error: BaseException) -> None:
        """Count a session that no server takes; its client is sent away, and comes back by itself."""
        self.count.failed += 1
        self._spoken.pop(self.serving, None)
        LOG.warning("The session of %s with %s ends: %s.", session.peer, self.name, error)

    def fenced(self) -> None:
        """Hear that the server refuses writes: perhaps another one serves by now."""
        self.count.fenced += 1
        self.on_fence()

    def left(self, session: Guest) -> None:
        """Forget a session."""
        self.sessions.discard(session)
        self.settled(session)
        if self._emptied is not None and not self.sessions:
            self._emptied.set()

    # -- ending -------------------------------------------------------------------------------------------------------

    async def empty(self, seconds: float) -> int:
        """Close every session at its boundary, and after a time those that have none; count the latter."""
        for caller in list(self._callers):
            caller.close()
        self._emptied = asyncio.Event()
        for session in list(self.sessions):
            self.settled(session)
        if self.sessions:
            try:
                async with asyncio.timeout(seconds):
                    await self._emptied.wait()
            except TimeoutError:
                pass
        left = list(self.sessions)
        for session in left:
            session.close()
        return len(left)

    def _show_life(self) -> None:
        for session in self.sessions:
            session.keep_alive()
        self._signs = asyncio.get_running_loop().call_later(SIGN_OF_LIFE_SECONDS, self._show_life)


def _nothing() -> None:
    """Nobody wants to know."""
