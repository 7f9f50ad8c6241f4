"""The switch: holds, fences, decides, and does what was decided. Whoever comes after a death does the rest.

Nothing here remembers anything: what was begun, where the sources ended and how it was decided is in the bucket, and
what each server and gate does, it says itself.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import msgspec

from dco.model.environment import Environment
from dco.model.errors import DcoError, PersonNeeded, StepFailed, Unreadable
from dco.model.switch import NAMES, Decision, End, Ends, Switch
from dco.record import switches
from dco.seams.gates import GateControl
from dco.seams.outside import Outside
from dco.seams.servers import Server

Key = TypeVar("Key")
Answer = TypeVar("Answer")
WAIT_SECONDS = 0.2
AGAIN_SECONDS = 0.5
OBEY_SECONDS = 600.0
DRAIN_SHARE = 0.5
"""How much of the time box running transactions may take to end."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long each part of a switch took, in milliseconds."""

    hold: float = 0.0
    fence: float = 0.0
    catch_up: float = 0.0
    decide: float = 0.0
    promote: float = 0.0
    move: float = 0.0


class Switching:
    """Carries out one switch. `prepare`, `decide` and `obey` may each be called again, by anybody."""

    def __init__(self, environment: Environment, outside: Outside, switch: Switch) -> None:
        self._environment = environment
        self._outside = outside
        self._switch = switch
        self._spent: dict[str, float] = {}

    @property
    def timing(self) -> Timing:
        """What the parts that this object carried out have taken."""
        return Timing(**{name: round(spent, 1) for name, spent in self._spent.items()})

    def prepare(self) -> None:
        """Have gates log on at the targets, and everything that is called in the switch called once before."""
        for name, control in self._controls():
            way = self._switch.ways[name]
            control.offer(name, (way.source, way.target))
            control.prepare(name, way.target)
        for part in self._parts():
            self._practise(part)

    def renew(self, now: str) -> None:
        """Let the time box begin now: preparing is not part of it. Without effect once it was begun."""
        self._switch = msgspec.structs.replace(self._switch, began=now)

    def decide(self) -> Decision:
        """Hold, fence and wait for the targets; then propose them. Whatever goes wrong, propose the sources.

        Returns the decision that stands. Raises only when the bucket does not answer: then nothing is decided, and past
        the time box whoever comes next, a gate or a person, decides that all stays.
        """
        objects, clock = self._outside.objects, self._outside.clock
        self._switch = switches.begin(objects, self._switch)
        standing = switches.decision(objects, self._switch.id)
        if standing is not None:
            return standing
        if switches.is_late(self._switch, clock.now()):
            return switches.propose(objects, self._switch, "blue", clock.now())
        try:
            reasons = self._demand_following()
            self._timed("hold", self._hold)
            ends = self._timed("fence", lambda: self._fence(reasons))
            self._timed("catch_up", lambda: self._catch_up(ends))
        except DcoError as failed:
            decided = switches.propose(objects, self._switch, "blue", clock.now())
            if decided.winner == "blue":
                self.failed = failed
            return decided
        return self._timed("decide", lambda: switches.propose(objects, self._switch, "green", clock.now(), ends))

    failed: DcoError | None = None
    """Why the sources were proposed."""

    def obey(self, decision: Decision) -> None:
        """Do what was decided: promote the targets or lift the sources' fences, and let the gates go on.

        Tries for a long time what does not answer: the decision stands, and nobody else serves meanwhile.
        """
        controls = self._controls()
        if decision.winner == "blue":
            self._all(self._parts(), self._lift)
            self._timed("move", lambda: self._all(controls, lambda one: self._move(one, None, decision)))
            return
        with ThreadPoolExecutor(2 * len(controls) or 1) as pool:
            # each gate reads the decision while the targets are promoted; one that can't holds up no other
            learning = [pool.submit(self._learn, *one) for one in controls]
            self._timed("promote", lambda: self._promote(decision))
            moving = [pool.submit(self._move, *each, decision) for each in zip(controls, learning, strict=True)]
            self._timed("move", lambda: [one.result() for one in moving])

    def _hold(self) -> None:
        drain = self._switch.time_box_seconds * DRAIN_SHARE
        self._all(self._controls(), lambda one: one[1].hold(one[0], self._switch, drain))

    @property
    def _reason(self) -> str:
        return f"switch {self._switch.id}"

    def _demand_following(self) -> dict[tuple[str, str], str]:
        """Demand that every target follows, and return why each of them is fenced: it is promoted for that alone."""

        def reason(part: tuple[str, str]) -> str:
            name, database = part
            address = self._switch.ways[name].target
            target = self._at(name, address).stand(database)
            if not target.following:
                raise StepFailed(f"{name} at {address} does not follow", "look at `dco status`: the stream carries it")
            return target.reason

        return self._each_part(reason)

    def _fence(self, reasons: Mapping[tuple[str, str], str]) -> Ends:
        """Fence every source, durably, and return what each target must show to be promoted."""

        def fence(part: tuple[str, str]) -> End:
            name, database = part
            address = self._switch.ways[name].source
            source = self._at(name, address).fence(database, on=True, reason=self._reason)
            if source.following:
                raise StepFailed(f"{name} at {address} follows another server: it does not serve", "`dco status`")
            return End(source.transaction, source.checksum, reasons[part])

        found = self._each_part(fence)
        return {name: {part: found[name, part] for part in NAMES} for name in self._switch.ways}

    def _catch_up(self, ends: Ends) -> None:
        """Wait until every target has everything that its source had. Raises `StepFailed` past the time box."""

        def wait(part: tuple[str, str]) -> None:
            name, database = part
            target = self._at(name, self._switch.ways[name].target)
            end = ends[name][database]
            while (there := target.stand(database, end.transaction, WAIT_SECONDS)).transaction < end.transaction:
                if switches.is_late(self._switch, self._outside.clock.now()):
                    raise StepFailed(
                        f"{name} at {self._switch.ways[name].target} has got to transaction {there.transaction} of "
                        f"{end.transaction} within {self._switch.time_box_seconds:.0f} s: it is slow",
                        "all stays as it was; look at `dco status`, and try again when it follows closely",
                    )
            if (there.transaction, there.checksum) != (end.transaction, end.checksum):
                raise StepFailed(
                    f"{name} at {self._switch.ways[name].target} has transactions that its source never had",
                    "it is no copy of it any more: throw it away and make another",
                )

        self._all(self._parts(), wait)

    def _promote(self, decision: Decision) -> None:
        """Promote every target."""
        ends = decision.ends
        if ends is None:
            raise PersonNeeded(
                f"switch {decision.switch} was decided, but where its sources ended is not written down",
                "docs/switch.md: compare the last transactions of both servers before you promote either",
            )

        def promote(part: tuple[str, str]) -> None:
            name, database = part
            end, target = ends[name][database], self._at(name, self._switch.ways[name].target)
            self._insist(lambda: target.promote(database, end.transaction, end.reason))

        self._all(self._parts(), promote)

    def _learn(self, name: str, control: GateControl) -> None:
        """Let a gate read the decision; if it can't, it does so when it is told to obey."""
        with suppress(DcoError):
            control.learn(name, self._switch.id)

    def _lift(self, part: tuple[str, str]) -> None:
        name, database = part
        source = self._at(name, self._switch.ways[name].source)

        def lift() -> None:
            stand = source.stand(database)
            if stand.fenced and stand.reason == self._reason:
                source.fence(database, on=False, reason=self._reason)

        self._insist(lift)

    def _move(self, one: tuple[str, GateControl], learning: Future[None] | None, decision: Decision) -> None:
        """Let a gate obey, when it has learnt the decision."""
        name, control = one
        if learning is not None:
            learning.result()

        def move() -> None:
            try:
                control.move(name, self._switch.id)
            except StepFailed:
                # one that never held for this switch, since something failed before, goes on as it does
                now = control.standing(name)
                goes_on = decision.winner == "blue" or now.serving == decision.servers[name]
                if now.held == self._switch.id or not goes_on:
                    raise

        self._insist(move)

    def _insist(self, act: Callable[[], object]) -> None:
        """Act until whoever is asked answers."""
        clock = self._outside.clock
        deadline = clock.seconds() + OBEY_SECONDS
        while True:
            try:
                act()
            except Unreadable:
                if clock.seconds() > deadline:
                    raise
                clock.sleep(AGAIN_SECONDS)
            else:
                return

    def _practise(self, part: tuple[str, str]) -> None:
        """Call what the switch will call, such that nothing changes: the first call of anything takes long."""
        name, database = part
        way = self._switch.ways[name]
        source = self._at(name, way.source)
        if not source.stand(database).fenced:
            # as long as the real one, about: a server plans a call anew for a text of another order of length
            with suppress(StepFailed):
                source.fence(database, on=False, reason=f"practises {self._reason}")
        target = self._at(name, way.target)
        stand = target.stand(database)
        if stand.following:
            with suppress(StepFailed):
                target.promote(database, stand.transaction + 10**12, stand.reason)

    def _controls(self) -> list[tuple[str, GateControl]]:
        """Every gate of every database, with the database's name."""
        return [
            (name, control)
            for name in sorted(self._switch.ways)
            if (gate := self._environment.databases[name].gate) is not None
            for control in self._outside.gates.controls(gate).values()
        ]

    def _parts(self) -> list[tuple[str, str]]:
        return [(name, part) for name in sorted(self._switch.ways) for part in NAMES]

    def _each_part(self, act: Callable[[tuple[str, str]], Answer]) -> dict[tuple[str, str], Answer]:
        parts = self._parts()
        return dict(zip(parts, self._all(parts, act), strict=True))

    def _at(self, name: str, address: str) -> Server:
        return self._outside.servers.at(self._environment.databases[name], address)

    def _timed(self, what: str, act: Callable[[], Answer]) -> Answer:
        began = self._outside.clock.seconds()
        try:
            return act()
        finally:
            self._spent[what] = (self._outside.clock.seconds() - began) * 1000

    def _all(self, keys: Iterable[Key], act: Callable[[Key], Answer]) -> list[Answer]:
        """Act on all at once; raise the first failure when all have ended."""
        todo = list(keys)
        if not todo:
            return []
        with ThreadPoolExecutor(len(todo)) as pool:
            return list(pool.map(act, todo))
