"""`database.switch`: the clients of all databases of a redeploy go on with the other servers, or none do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from dco.model.environment import Environment
from dco.model.errors import PersonNeeded, StepFailed, Unreadable
from dco.model.plan import Step
from dco.model.redeploy import Bake, Moved
from dco.model.slot import Slot
from dco.model.switch import NAMES, Switch, Way
from dco.operations.neo4j_redeploy.places import Places, wanted
from dco.operations.neo4j_redeploy.pointing import point
from dco.operations.operation import Facts
from dco.operations.switching import Switching
from dco.record import bakes, switches
from dco.seams.outside import Outside
from dco.verify.serving import ringing

POLL_SECONDS = 0.2
FOLLOW_SECONDS = 120.0


@dataclass(frozen=True)
class DatabaseSwitch:
    """Undone, the clients go back by a switch of its own, once the servers left behind have everything."""

    environment: Environment
    outside: Outside
    name: str = "database.switch"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Remember slots, ways and alarms, how many sessions had failed and how long transactions took at the gates."""
        places = Places(self.environment, self.outside)
        known = step.arguments.get("servers") or done[f"database.join {step.target}"]["servers"]
        servers = {name: known[name] for name in wanted(step)}
        return {
            "slots": {name: places.slot(name).text() for name in servers},
            "ways": {name: {"source": one["serving"], "target": one["following"]} for name, one in servers.items()},
            "failed_sessions": failed_sessions(places, servers),
            "alarms": ringing(self.outside, self.environment),
            "seconds": {key: one.mean for key, one in transactions(places, servers).items()},
        }

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Prepare, hold, fence, decide. Raises `StepFailed`, with all as before, when it was decided to stay."""
        switch = self._switch(before, token, step.reason)
        timing = decide(self.environment, self.outside, switch)
        return {"switch": switch.id, "timing": timing, "redeploy": token.partition("/")[0]}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Obey, write down who serves, let the stream carry back, and look from the clients' side; a bake begins.

        A step that names its servers goes back, and ends the bake.
        """
        places, ways = Places(self.environment, self.outside), self._ways(before)
        moves = {
            name: Moved(before=slot, since=slot.swapped(), left=way.source, serving=way.target)
            for name, way in ways.items()
            for slot in (places.slot_before(before, name),)
        }
        settle(places, ways, {name: one.since for name, one in moves.items()}, str(begun["switch"]))
        for name, way in ways.items():
            _demand_served(places, name, way.target)
        facts = {
            "switch": begun["switch"],
            "timing": begun["timing"],
            "moved": {name: msgspec.to_builtins(one) for name, one in moves.items()},
            "failed_sessions": before["failed_sessions"],
            "alarms": before["alarms"],
            "seconds": before["seconds"],
        }
        if "servers" in step.arguments:
            self._end_bake(step.reason)
        else:
            begin_bake(self.environment, self.outside, str(begun["redeploy"]), facts)
        return facts

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Go back, if it came to a move; nothing written since is lost."""
        objects, clock = self.outside.objects, self.outside.clock
        begun = switches.begun(objects, identity(token))
        if begun is None:
            return
        forth = switches.decision(objects, begun.id) or switches.propose(objects, begun, "blue", clock.now())
        # What was decided is done to its end first: only who follows can be moved to.
        Switching(self.environment, self.outside, begun).obey(forth)
        if forth.winner == "blue":
            return
        places = Places(self.environment, self.outside)
        slots = {name: places.slot_before(before, name) for name in begun.ways}
        settle(places, begun.ways, {name: slot.swapped() for name, slot in slots.items()}, None)
        back = msgspec.structs.replace(
            begun, id=f"{begun.id}-back", ways=begun.back, why=f"undo of {step.name}", began=clock.now()
        )
        go_back(self.environment, self.outside, back, slots)
        if "servers" not in step.arguments:
            self._end_bake("taken back at once")

    def _end_bake(self, why: str) -> None:
        if (bake := bakes.open_one(self.outside.objects)) is not None:
            bakes.end(self.outside.objects, bake, "gone back", why, self.outside.clock.now())

    def _switch(self, before: Facts, token: str, why: str) -> Switch:
        return Switch(
            id=identity(token),
            ways=self._ways(before),
            why=why,
            began=self.outside.clock.now(),
            time_box_seconds=self.environment.redeploy.time_box_seconds,
        )

    def _ways(self, before: Facts) -> dict[str, Way]:
        return msgspec.convert(before["ways"], dict[str, Way])


def identity(token: str) -> str:
    """Return the id of the switch of a step: its token, as a part of a key."""
    return token.replace("/", "-")


def decide(environment: Environment, outside: Outside, switch: Switch) -> dict[str, float]:
    """Let a switch be decided for the targets, and obey; return what each part of it took, in milliseconds.

    Raises `StepFailed`, with all as before, when all stays.
    """
    switching = Switching(environment, outside, switch)
    if switches.begun(outside.objects, switch.id) is None:
        switching.prepare()
        switching.renew(outside.clock.now())
    decision = switching.decide()
    switching.obey(decision)
    if decision.winner == "blue":
        why = switching.failed or StepFailed("the time box was over, or it was begun by somebody who died")
        raise StepFailed(f"all stays, nobody was moved: {why.what}", why.remedy)
    return msgspec.to_builtins(switching.timing)


def settle(places: Places, ways: Mapping[str, Way], since: Mapping[str, Slot], switch: str | None) -> None:
    """Write down who serves since a switch that was decided for its targets, and let the stream carry back.

    Returns when clients without a gate have come over, for a named switch, and the servers that were left follow: going
    back is possible.
    """
    for name, way in ways.items():
        places.put_slot(name, since[name])
        places.carry(name, way.target, way.source)
    if switch is not None:
        point(places, {name: way.target for name, way in ways.items()}, switch)
    for name, way in ways.items():
        _await_following(places, name, way.source)


def go_back(environment: Environment, outside: Outside, switch: Switch, since: Mapping[str, Slot]) -> None:
    """Switch back. Raises `PersonNeeded`, saying what is at risk, when the servers left behind can't be moved to."""
    try:
        decide(environment, outside, switch)
    except (StepFailed, Unreadable) as error:
        risk = at_risk(environment, outside, switch.ways)
        raise PersonNeeded(
            f"clients stay where they are, since going back failed: {error.what}. {risk}",
            "bring the server that serves back (start it, or attach its volume to another one), then `dco rollback`; "
            "dco never moves away from a log that was not read to its end",
        ) from error
    settle(Places(environment, outside), switch.ways, since, switch.id)


def ways_back(bake: Bake) -> dict[str, Way]:
    """Return the ways by which clients would go back."""
    return {name: Way(one.serving, one.left) for name, one in bake.databases.items()}


def at_risk(environment: Environment, outside: Outside, ways: Mapping[str, Way]) -> str:
    """Say how far each server has got, as far as it says so."""
    places = Places(environment, outside)
    return "; ".join(
        f"{name}: {way.source} is {_said(places, name, way.source)}, {way.target} is {_said(places, name, way.target)}"
        for name, way in ways.items()
    )


def _said(places: Places, name: str, address: str) -> str:
    try:
        return f"at transaction {places.server(name, address).stand('neo4j').transaction}"
    except Unreadable as error:
        return f"not to be asked ({error.what})"


def failed_sessions(places: Places, names: Mapping[str, object]) -> dict[str, int]:
    """Return how many sessions have failed at each gate so far, by `DATABASE ADDRESS`."""
    return {
        f"{name} {address}": gate.standing(name).failed
        for name in names
        for address, gate in places.gates(name).items()
    }


class Transactions(msgspec.Struct, frozen=True):
    """How many transactions have ended at a gate, and how long they took in all."""

    count: int = 0
    seconds: float = 0.0

    @property
    def mean(self) -> float:
        """How long one took, 0 when there was none."""
        return self.seconds / self.count if self.count else 0.0

    def since(self, before: "Transactions") -> "Transactions":
        """Return those that ended since; all of them when the gate was started again in between."""
        if before.count > self.count:
            return self
        return Transactions(self.count - before.count, self.seconds - before.seconds)


def transactions(places: Places, names: Mapping[str, object]) -> dict[str, Transactions]:
    """Return what each gate has counted so far, by `DATABASE ADDRESS`."""
    return {
        f"{name} {address}": Transactions(standing.transactions, standing.transaction_seconds)
        for name in names
        for address, gate in places.gates(name).items()
        for standing in (gate.standing(name),)
    }


def begin_bake(environment: Environment, outside: Outside, redeploy: str, facts: Facts) -> Bake:
    """Write down that a bake has begun; the second time, return what was written."""
    known = bakes.of(outside.objects, redeploy)
    if known is not None:
        return known
    since = outside.clock.now()
    until = datetime.fromisoformat(since) + timedelta(hours=environment.redeploy.bake_hours)
    bake = Bake(
        redeploy=redeploy,
        switch=str(facts["switch"]),
        databases=msgspec.convert(facts["moved"], dict[str, Moved]),
        since=since,
        until=until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        failed_sessions=dict(facts["failed_sessions"]),
        alarms=tuple(facts["alarms"]),
        seconds=dict(facts["seconds"]),
    )
    bakes.put(outside.objects, bake)
    return bake


def _await_following(places: Places, name: str, address: str) -> None:
    clock = places.outside.clock
    deadline = clock.seconds() + FOLLOW_SECONDS
    server = places.server(name, address)
    while True:
        try:
            if all(server.stand(part).following for part in NAMES):
                return
        except Unreadable:
            pass
        if clock.seconds() > deadline:
            raise StepFailed(
                f"{name} at {address}, which was left, does not follow within {FOLLOW_SECONDS:.0f} s: "
                "there would be no way back",
                "look at `dco backup status`",
            )
        clock.sleep(POLL_SECONDS)


def _demand_served(places: Places, name: str, address: str) -> None:
    """Look from the clients' side: every gate serves the server, holds nothing, and a question gets its answer."""
    for gate, control in places.gates(name).items():
        standing = control.standing(name)
        if standing.serving != address or standing.held:
            raise StepFailed(
                f"the gate at {gate} serves {standing.serving} of {name}, not {address}", "look at the gate's log"
            )
    if not places.outside.graphs.ask(places.database(name), "RETURN true"):
        raise StepFailed(f"{name} does not answer clients after the switch", "look at its log")
