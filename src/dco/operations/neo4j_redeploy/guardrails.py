"""What must be so before databases are redeployed; each finding with its remedy. Reads only."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

from dco.detect.neo4j_versions import way
from dco.detect.versions import neo4j, newer
from dco.model.environment import Environment
from dco.model.errors import DcoError
from dco.model.finding import Finding, Mark, bad
from dco.model.redeploy import Wanted
from dco.operations.neo4j_redeploy import shaping
from dco.operations.neo4j_redeploy.places import Places
from dco.plan.redeploying import version_in
from dco.record import bakes, switches
from dco.seams.catalogue import Kind
from dco.seams.outside import Outside
from dco.verify.clients import past_gates

PROVED = ("5.26", "2026.08")
"""Lines of Neo4j whose internals the plugin is proved with."""
_STOPS = ("4.4.0", "5.26.0")
"""Where upgrades have to rest, whichever patch."""
_INDEXES = "SHOW INDEXES YIELD name, state WHERE state <> 'ONLINE' RETURN collect(name + ' is ' + state) AS found"
_OPEN = (
    "SHOW TRANSACTIONS YIELD transactionId, elapsedTime, clientAddress WHERE elapsedTime.seconds >= $seconds "
    "RETURN collect(transactionId + ' of ' + clientAddress + ' for ' + toString(elapsedTime.seconds) + ' s') AS found"
)


@dataclass(frozen=True)
class Guardrails:
    """Looks at an environment for a redeploy; `due` is when the next offering is."""

    environment: Environment
    outside: Outside
    due: str

    def look(self, wanted: Mapping[str, Wanted]) -> tuple[Finding, ...]:
        """Return every finding; what can't be asked is one, too."""
        checks: list[tuple[str, Callable[[], Iterable[Finding] | Finding]]] = [
            ("no other redeploy", partial(alone, self.outside)),
            ("time until the next offering", self._window),
            ("the stack", self._stack),
            ("Neo4j to restore with", self._restorer),
        ]
        for name, one in sorted(wanted.items()):
            checks += [
                (f"slot of {name}", partial(self._slot, name)),
                (f"version of {name}", partial(self._version, name, one)),
                (f"image of {name}", partial(self._image, name, one)),
                (f"server and backup of {name}", partial(self._examined, name)),
                (f"indexes of {name}", partial(self._indexes, name)),
                (f"transactions of {name}", partial(self._transactions, name)),
                (f"gates of {name}", partial(self._gates, name)),
                (f"clients of {name}", partial(self._clients, name)),
            ]
        return tuple(finding for what, check in checks for finding in _found(what, check))

    @property
    def _places(self) -> Places:
        return Places(self.environment, self.outside)

    def _serving(self, name: str) -> str:
        """Return the address of the server that serves."""
        return self._places.addresses(name)[self._places.slot(name).colour]

    def _window(self) -> Finding:
        what, clock = "time until the next offering", self.outside.clock
        minutes = (datetime.fromisoformat(self.due) - datetime.fromisoformat(clock.now())).total_seconds() / 60
        least = self.environment.redeploy.window_minutes
        if minutes < least:
            remedy = "redeploy after it, or lower redeploy.window_minutes"
            return Finding(Mark.NG, what, f"it is due in {minutes:.0f} minutes, {least:.0f} are wanted", remedy)
        return Finding(Mark.OK, what, f"{minutes / 60:.1f} hours")

    def _stack(self) -> Finding:
        name, _ = shaping.stack_of(self.environment)
        if waits := shaping.waiting(self.environment, self.outside):
            what = f"{name} would change more than the databases' servers: {', '.join(waits)}"
            remedy = "let a night deploy or put right that first; `dco detect` shows it"
            return Finding(Mark.NG, "the stack", what, remedy)
        return Finding(Mark.OK, "the stack", f"{name} makes the servers, of the same type and size")

    def _restorer(self) -> Finding:
        what = "Neo4j to restore with"
        if self.environment.backup.neo4j is None:
            remedy = "say where Neo4j is installed on this machine: [backup] neo4j = …"
            return Finding(Mark.NG, what, "none is named: nothing can be proved by a restore", remedy)
        return Finding(Mark.OK, what, self.environment.backup.neo4j)

    def _slot(self, name: str) -> Finding:
        what, slot = f"slot of {name}", self._places.slot(name)
        if slot.other is not None and slot.other.state == "retired":
            remedy = f"`dco bake --clear {name}` lets its volume go"
            return Finding(Mark.NG, what, f"the volume of the retired {slot.other.version} is still kept", remedy)
        if slot.other is not None:
            return Finding(Mark.NG, what, f"a second server follows already ({slot.other.version})", "see `dco status`")
        carried = self._places.carried(name)
        if carried.source != self._serving(name) or carried.follower:
            remedy = "put the parameter of servers_parameter right"
            return Finding(Mark.NG, what, f"the stream reads {carried.source}, not the server that serves", remedy)
        return Finding(Mark.OK, what, f"{slot.colour} serves alone, Neo4j {slot.version} on {slot.image}")

    def _version(self, name: str, wanted: Wanted) -> Finding:
        what, current = f"version of {name}", self._places.slot(name).version
        numbers = neo4j(wanted.version)
        if numbers is None:
            return Finding(Mark.NG, what, f"{wanted.version!r} is no version of Neo4j", "for example: 5.26.30")
        if newer(Kind.MAVEN, wanted.version, [current]):
            remedy = "a store is never read by an older version: restore a backup, or load a dump"
            return Finding(Mark.NG, what, f"{wanted.version} is older than {current}, which serves", remedy)
        if not wanted.version.startswith(tuple(f"{line}." for line in PROVED)):
            return Finding(Mark.NG, what, f"{wanted.version} is not proved here", f"proved are {', '.join(PROVED)}")
        if (stops := way(current, wanted.version, _STOPS))[0] != wanted.version:
            return Finding(Mark.NG, what, f"{current} can't go to {wanted.version} at once", f"go to {stops[0]} first")
        return Finding(Mark.OK, what, f"{current} → {wanted.version}")

    def _image(self, name: str, wanted: Wanted) -> Finding:
        what, image = f"image of {name}", self.outside.fleet.image(wanted.image)
        if image is None or not image.available:
            return Finding(Mark.NG, what, f"{wanted.image} is not there, or not for this account", "name another one")
        if version_in(image.name) not in {None, wanted.version}:
            remedy = "name the image that ships that version"
            return Finding(Mark.NG, what, f"{wanted.image} is {image.name}, not {wanted.version}", remedy)
        return Finding(Mark.OK, what, f"{wanted.image} is {image.name}")

    def _examined(self, name: str) -> tuple[Finding, ...]:
        """What the stream says of server, edition, plugin, store format, and of the backup; a step verifies that."""
        found = [one for one in self.outside.backups.examine(name) if one.what != "verified"]
        return tuple(msgspec.structs.replace(one, what=f"{name}, {one.what}") for one in found)

    def _indexes(self, name: str) -> Finding:
        found = self._ask(name, _INDEXES)
        if found:
            return Finding(Mark.NG, f"indexes of {name}", "; ".join(found), "wait until they are online, or drop them")
        return Finding(Mark.OK, f"indexes of {name}", "all are online")

    def _transactions(self, name: str) -> Finding:
        seconds = self.environment.redeploy.longest_transaction_seconds
        found = self._ask(name, _OPEN, seconds=seconds)
        if found:
            return Finding(Mark.NG, f"transactions of {name}", "; ".join(found), "let them end, or end them")
        return Finding(Mark.OK, f"transactions of {name}", f"none is open for {seconds:.0f} s")

    def _gates(self, name: str) -> Iterable[Finding]:
        what, serving = f"gates of {name}", self._serving(name)
        gates = self._places.gates(name)
        if self._places.database(name).by_string:
            yield Finding(Mark.OK, what, "none: clients follow by the connection string, when services were rolled")
        elif not gates:
            yield Finding(Mark.NG, what, "it has none: clients can't be held", f"[databases.{name}.gate], docs/gate.md")
        for address, gate in gates.items():
            standing = gate.standing(name)
            if standing.held:
                yield Finding(Mark.NG, what, f"{address} holds for {standing.held}", "let that end: docs/switch.md")
            elif standing.serving != serving:
                remedy = "the record says who serves: docs/gate.md"
                yield Finding(Mark.NG, what, f"{address} serves {standing.serving}, not {serving}", remedy)
            else:
                yield Finding(Mark.OK, what, f"{address} serves {serving} to {standing.sessions} sessions")

    def _clients(self, name: str) -> Finding:
        """Name who speaks with the server past the gates."""
        what = f"clients of {name}"
        if self._places.database(name).by_string:
            return Finding(
                Mark.OK, what, "those that are no service of dco.toml must read the parameter anew themselves"
            )
        past = past_gates(
            name, self._places.server(name, self._serving(name)), tuple(self._places.gates(name).values())
        )
        if past:
            remedy = "let them use the gate's address; a switch would fence them out"
            return Finding(Mark.NG, what, f"speak with it past the gates: {', '.join(past)}", remedy)
        return Finding(Mark.OK, what, "all come through gates")

    def _ask(self, name: str, cypher: str, **parameters: object) -> list[str]:
        (row,) = self._places.server(name, self._serving(name)).query(cypher, parameters, undo=True)
        return [str(one) for one in row["found"]]


def alone(outside: Outside) -> Finding:
    """Look whether another redeploy is not over: its bake, or a switch that nobody decided."""
    what = "no other redeploy"
    if (bake := bakes.open_one(outside.objects)) is not None:
        remedy = "wait, `dco bake --end` keeps what serves, `dco rollback` goes back"
        return Finding(Mark.NG, what, f"that of {bake.redeploy} bakes until {bake.until}", remedy)
    if open_ones := switches.undecided(outside.objects):
        remedy = "past its time box anybody decides that all stays: docs/switch.md"
        return Finding(Mark.NG, what, f"switch {open_ones[0].id} was begun and not decided", remedy)
    return Finding(Mark.OK, what, "none is open")


def _found(what: str, check: Callable[[], Iterable[Finding] | Finding]) -> tuple[Finding, ...]:
    try:
        found = check()
        return (found,) if isinstance(found, Finding) else tuple(found)
    except DcoError as error:
        return (Finding(Mark.NG, what, error.what, error.remedy),)


def refusals(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Return why a redeploy must not begin, each with the way out."""
    return tuple(f"{one.what}: {one.detail}; way out: {one.remedy}" for one in bad(findings))
