"""What one database's gate does in a switch: hold, wait for the decision record, obey it. Nothing else moves it."""

import asyncio
import contextlib
import logging
import time
from pathlib import Path

import msgspec

from dco_gate import servers, state
from dco_gate.database import Database, Standbys
from dco_gate.errors import ConfigurationError, GateError, RefusedError, UnreachableError
from dco_gate.record import Decision, Records
from dco_gate.servers import Server
from dco_gate.state import Hold, State
from dco_gate.switch import Held, HoldOrder, Outcome, StillRunningError, proposal_of_blue

LOG = logging.getLogger(__name__)
ASK_SECONDS = 0.2
"""How often the record is asked while writes are held."""
ORDER_SECONDS = 2.0
"""How long a gate that sees a decision leaves it to whoever decided to say when the winner takes writes."""
LOOK_SECONDS = 0.5
"""How often it is asked at most because a server refuses writes."""
GATHER_SECONDS = 2.0
"""How long `move` waits for sessions that had no standby."""


class Switching:
    """The switches of one database. Its calls wait for one another; what is held is decided by the record alone."""

    def __init__(self, database: Database, directory: Path, records: Records) -> None:
        self.database = database
        self.state = State(serving=database.serving.uri)
        self.owns = False
        """Whether this process is the one that may hold and write the state; another may still be draining."""
        self._started = False
        self._directory = directory
        self._records = records
        self._turn = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._outcome: Outcome | None = None
        self._learnt: Decision | None = None
        database.on_fence = self.look

    # -- starting -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Go on where the state says; hold if a switch is undecided. A first start asks the record who serves."""
        self._started = True
        known = state.read(self._directory, self.database.name)
        if known is not None:
            self._resume(known, 0.0)
            self.look()
        else:
            with contextlib.suppress(UnreachableError):
                await self._obey_newest()

    def _resume(self, known: State, patience: float) -> None:
        self.state = known
        self.database.serving = servers.parse(known.serving)
        self.database.narrowed = None if known.versions is None else frozenset(known.versions)
        if known.hold is not None:
            self.database.hold()
            self._watch(known.hold, patience)

    def own(self) -> None:
        """Become the process that may hold. What the one before decided meanwhile is taken over."""
        known = state.read(self._directory, self.database.name) if self._started else None
        if known is not None and known != self.state:
            self._resume(known, ORDER_SECONDS)
            if known.hold is None:
                self.database.serve(self.database.serving)
        self.owns = True

    # -- what the control asks ----------------------------------------------------------------------------------------

    async def narrow(self, uris: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
        """Offer only versions that all these servers speak, until told otherwise; all again if none is named."""
        async with self._turn:
            if not uris:
                await self._keep(versions=None)
                self.database.narrow(None)
                return tuple(sorted(await self.database.offered()))
            spoken = [await self.database.spoken(servers.parse(uri)) for uri in uris]
            common = tuple(sorted(version for version in spoken[0] if all(version in one for one in spoken)))
            if not common:
                raise RefusedError(f"{' and '.join(uris)} have no version of Bolt in common", "use nearer versions")
            await self._keep(versions=common)
            self.database.narrow(frozenset(common))
            return common

    async def prepare(self, uri: str | None) -> Standbys:
        """Have a session ready on another server for each client; None ends that. Raises `UnreachableError`."""
        if uri is None:
            return await self.database.prepare(None)
        server = servers.parse(uri)
        await self.database.spoken(server)
        return await self.database.prepare(server)

    async def hold(self, order: HoldOrder) -> Held:
        """Hold new writes and let running ones end. May be repeated for the same switch. Raises `RefusedError`."""
        async with self._turn:
            hold = self.state.hold
            if hold is not None and hold.switch == order.switch:
                return Held(order.switch, 0.0, hold.until)
            self._check(order)
            began = time.monotonic()
            hold = Hold(switch=order.switch, candidates=order.candidates, until=time.time() + order.time_box_seconds)
            await self._drain(order)
            try:
                await self._keep(hold=hold)
            except OSError as error:
                self.database.serve(self.database.serving)
                raise RefusedError(
                    f"the hold can't be written down ({error})", "make room on the gate's disk"
                ) from None
            self._watch(hold, ORDER_SECONDS)
            return Held(order.switch, _ms(began), hold.until)

    async def learn(self, switch: str) -> Decision:
        """Read the record of a switch, which never changes, so that `move` need not. Raises as `move` does."""
        if self._learnt is None or self._learnt.switch != switch:
            self._learnt = await asyncio.to_thread(self._records.read, switch)
        if self._learnt is None:
            raise RefusedError(f"switch {switch} is not decided", "propose a decision to the record first")
        return self._learnt

    async def move(self, switch: str) -> Outcome:
        """Obey the record of the switch that is held. Raises `RefusedError` while there is no decision."""
        began = time.monotonic()
        hold = self._held_for(switch)
        if hold is None:
            return self._ended(switch)
        decision = await self.learn(switch)
        return await self._obey(decision, _ms(began))

    async def give_up(self, switch: str) -> Outcome:
        """Propose blue for the switch that is held, and obey what stands. Raises `RefusedError` if that is green."""
        began = time.monotonic()
        hold = self._held_for(switch)
        if hold is None:
            outcome = self._ended(switch)
        else:
            decision = await asyncio.to_thread(self._records.propose, proposal_of_blue(hold))
            outcome = await self._obey(decision, _ms(began))
        if outcome.winner != "blue":
            raise RefusedError(f"switch {switch} was decided for green, which serves now", "go back by a new switch")
        return outcome

    def look(self) -> None:
        """Look whether the record names another server by now; at once, and not more often than it makes sense."""
        if self._looking is None and self.state.hold is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def close(self) -> None:
        """Stop asking the record."""
        for task in (self._watching, self._looking):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    @property
    def decided(self) -> asyncio.Task[None] | None:
        """What ends when the hold under way is decided; None without one."""
        return self._watching if self.state.hold is not None else None

    # -- holding ------------------------------------------------------------------------------------------------------

    def _check(self, order: HoldOrder) -> None:
        name, serving = self.database.name, self.database.serving.uri
        if not self.owns:
            raise RefusedError("another gate of this state directory is still ending", "try again when it has ended")
        if self.state.hold is not None:
            raise RefusedError(f"{name} is held for switch {self.state.hold.switch}", "let that one be decided first")
        if self.state.switch == order.switch:
            raise RefusedError(f"switch {order.switch} is decided already", "use a new id for a new switch")
        if name not in order.candidates:
            raise ConfigurationError(f"the hold names no candidates for {name}", "name each database of the pair")
        candidates = order.candidates[name]
        blue, green = (servers.parse(uri).uri for uri in (candidates.blue, candidates.green))
        if blue != serving or green == serving:
            raise RefusedError(
                f"{name} is served by {serving}, and the hold calls {candidates.blue} blue",
                "blue is the server that serves, green is another one",
            )

    async def _drain(self, order: HoldOrder) -> None:
        self.database.hold()
        try:
            running = await self.database.drain(order.drain_seconds)
        except BaseException:
            self.database.serve(self.database.serving)
            raise
        if running:
            self.database.serve(self.database.serving)
            raise StillRunningError(running)
        LOG.info("%s is held for switch %s.", self.database.name, order.switch)

    def _watch(self, hold: Hold, patience: float) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._wait_for_decision(hold, patience))

    async def _wait_for_decision(self, hold: Hold, patience: float) -> None:
        """Ask the record until it decides; past the time box propose blue.

        Whoever decided makes the winner take writes, and then orders to move: for that it has `patience`, in seconds.
        """
        while self.state.hold == hold:
            try:
                decision = await asyncio.to_thread(self._records.read, hold.switch)
                if decision is None and time.time() >= hold.until:
                    decision = await asyncio.to_thread(self._records.propose, proposal_of_blue(hold))
                if decision is not None and self.state.hold == hold:
                    await asyncio.sleep(patience)
                    if self.state.hold == hold:
                        await self._obey(decision, 0.0)
                    return
            except (GateError, OSError) as error:
                LOG.warning("%s stays held: %s.", self.database.name, error)
            await asyncio.sleep(ASK_SECONDS)

    # -- obeying ------------------------------------------------------------------------------------------------------

    async def _obey(self, decision: Decision, record_ms: float) -> Outcome:
        """Let the server serve that a decision names, then write that down. Safe to be killed between: see `Hold`."""
        async with self._turn:
            if self.state.switch == decision.switch:
                return self._ended(decision.switch)
            if self.state.hold is not None and self.state.hold.switch != decision.switch:
                raise RefusedError(
                    f"{self.database.name} is held for {self.state.hold.switch}", "wait for its decision"
                )
            began = time.monotonic()
            server = self._named(decision)
            failed = self.database.count.failed
            self.database.serve(server)
            await self._keep(serving=server.uri, switch=decision.switch, hold=None)
            moved = await self.database.gather(GATHER_SECONDS)
            LOG.info(
                "%s is served by %s: switch %s was decided %s.",
                self.database.name,
                server,
                decision.switch,
                decision.winner,
            )
            self._outcome = Outcome(
                decision.switch,
                decision.winner,
                server.uri,
                moved.there,
                moved.later,
                self.database.count.failed - failed,
                record_ms,
                _ms(began),
            )
            return self._outcome

    def _named(self, decision: Decision) -> Server:
        uri = decision.servers.get(self.database.name)
        if uri is None:
            raise UnreachableError(
                f"the record of switch {decision.switch} names no server for {self.database.name}",
                "what is held stays held; look at the object",
            )
        return servers.parse(uri)

    async def _look(self) -> None:
        try:
            await self._obey_newest()
            await asyncio.sleep(LOOK_SECONDS)
        except (GateError, OSError) as error:
            LOG.warning("%s goes on with %s: %s.", self.database.name, self.database.serving, error)
        finally:
            self._looking = None

    async def _obey_newest(self) -> None:
        decision = await asyncio.to_thread(self._records.newest, self.database.name)
        if decision is None or self.state.hold is not None or self._named(decision) == self.database.serving:
            return
        await self._obey(decision, 0.0)

    def _held_for(self, switch: str) -> Hold | None:
        hold = self.state.hold
        if hold is not None and hold.switch != switch:
            raise RefusedError(f"{self.database.name} is held for switch {hold.switch}, not for {switch}", "name that")
        return hold

    def _ended(self, switch: str) -> Outcome:
        """Give how a switch ended that is not held any more. Raises `RefusedError` if it never was."""
        if self._outcome is not None and self._outcome.switch == switch:
            moved = self.database.moved_by_now
            return msgspec.structs.replace(self._outcome, there=moved.there, later=moved.later)
        if self.state.switch == switch:
            moved = self.database.moved_by_now
            return Outcome(switch, "", self.state.serving, moved.there, moved.later, 0, 0.0, 0.0)
        raise RefusedError(f"{self.database.name} is not held for switch {switch}", "hold it first")

    async def _keep(self, **changed: object) -> None:
        after = msgspec.structs.replace(self.state, **changed)
        if self.owns:
            await asyncio.to_thread(state.write, self._directory, self.database.name, after)
        self.state = after


def _ms(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 3)
