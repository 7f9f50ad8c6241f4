"""`database.join`: a second server of each database, made by Terraform from the slot, copied, and following."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dco.model.environment import Environment
from dco.model.errors import StepFailed, Unreadable
from dco.model.plan import Step
from dco.model.switch import NAMES
from dco.operations.neo4j_redeploy import shaping
from dco.operations.neo4j_redeploy.places import Places, wanted
from dco.operations.neo4j_redeploy.snapshots import Snapshots
from dco.operations.operation import Facts
from dco.seams.outside import Outside

POLL_SECONDS = 0.5
_FOR_EVER = 10**18


@dataclass(frozen=True)
class DatabaseJoin:
    """Undone, the new servers are ended and their volumes go: they never served."""

    environment: Environment
    outside: Outside
    name: str = "database.join"

    @property
    def _places(self) -> Places:
        return Places(self.environment, self.outside)

    @property
    def _by_snapshot(self) -> bool:
        return self.environment.redeploy.seed == "snapshot"

    def _snapshots(self, token: str) -> Snapshots:
        return Snapshots(self._places, token)

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Remember each slot; none may have a second server already."""
        del done
        found = {name: self._places.slot(name) for name in wanted(step)}
        for name, slot in found.items():
            if slot.other is not None:
                raise StepFailed(
                    f"{name} has a second server already ({slot.other.version}, {slot.other.state})",
                    "`dco status` shows what it is for",
                )
        return {"slots": {name: slot.text() for name, slot in found.items()}}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Write the slots and let Terraform make the servers; each begins to copy by itself, or has a snapshot."""
        for name, one in wanted(step).items():
            slot = self._places.slot_before(before, name)
            if self._places.slot(name).other is None:
                snapshot = self._snapshots(token).take(name, slot) if self._by_snapshot else None
                self._places.put_slot(name, slot.joined(one.image, one.version, snapshot))
        shaping.shape(self.environment, self.outside)
        return {"token": token}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Wait until every new server is up and follows closely; return both addresses of each database."""
        deadline = self.outside.clock.seconds() + self.environment.redeploy.follow_minutes * 60
        facts: dict[str, Any] = {}
        for name in wanted(step):
            slot = self._places.slot_before(before, name)
            addresses = self._places.addresses(name)
            blue, green = addresses[slot.colour], addresses[slot.other_colour]
            self._await(lambda n=name, g=green: self._is_up(n, g), f"{name}'s new server at {green} is up", deadline)
            self._places.carry(name, blue, green)
            self._await(
                lambda n=name, b=blue, g=green: self._lag(n, b, g) <= self.environment.redeploy.lag_transactions,
                f"{name}'s new server at {green} follows closely",
                deadline,
            )
            facts[name] = {"serving": blue, "following": green}
            if self._by_snapshot:
                self._snapshots(str(begun["token"])).forget(name)
        return {"servers": facts}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Let the stream carry to nobody, end the new servers, and let their volumes go.

        Raises `StepFailed`, and ends nothing, when one of them serves after all.
        """
        going: dict[str, str] = {}
        for name in wanted(step):
            if self._by_snapshot:
                self._snapshots(token).forget(name)
            slot, now = self._places.slot_before(before, name), self._places.slot(name)
            if now.other is None:
                continue
            if now.colour != slot.colour:
                raise StepFailed(f"{name} is served by {now.colour}: it was moved", "move it back first")
            if (there := self._places.addresses(name).get(slot.other_colour)) is not None:
                self._places.demand_idle(name, there)
            going[name] = slot.other_colour
        if not going:
            return
        for name in going:
            now = self._places.slot(name)
            self._places.carry(name, self._places.carried(name).source)
            if now.other is not None and now.other.state == "following":
                self._places.put_slot(name, now.retired(f"it never served: {token}", "the serving server's own"))
        shaping.shape(self.environment, self.outside, shaping.ends(going))
        for name in going:
            self._places.put_slot(name, self._places.slot(name).alone())
        shaping.shape(self.environment, self.outside, shaping.clears(going))

    def _is_up(self, name: str, address: str) -> bool:
        server = self._places.server(name, address)
        try:
            return all(server.stand(part).fenced for part in NAMES)
        except Unreadable:
            return False

    def _lag(self, name: str, source: str, target: str) -> int:
        """Return by how many transactions the target is behind; as good as for ever while it does not follow."""
        ahead, behind = self._places.server(name, source), self._places.server(name, target)
        try:
            stands = [(ahead.stand(part), behind.stand(part)) for part in NAMES]
        except Unreadable:
            return _FOR_EVER
        if not all(target.following for _, target in stands):
            return _FOR_EVER
        return max(source.transaction - target.transaction for source, target in stands)

    def _await(self, condition: Callable[[], bool], what: str, deadline: float) -> None:
        clock = self.outside.clock
        while not condition():
            if clock.seconds() > deadline:
                minutes = self.environment.redeploy.follow_minutes
                raise StepFailed(
                    f"it did not come true within {minutes:.0f} minutes that {what}",
                    "look at the instance's boot log and at `dco backup status`; large stores: redeploy.follow_minutes",
                )
            clock.sleep(POLL_SECONDS)
