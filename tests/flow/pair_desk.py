"""Two databases in memory: what Terraform, the stream, the servers and the gates do when parameters change."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import msgspec

from dco.flow import baking, clearing, installing, redeploying
from dco.flow.tonight import Tonight
from dco.model.backup import Copy, Listing, ProofWish, Verified
from dco.model.comparison import Comparison, Difference, Side
from dco.model.environment import Environment
from dco.model.errors import StepFailed, Unreadable
from dco.model.outcome import Report
from dco.model.release import Release, StackRelease
from dco.model.slot import Slot, read
from dco.model.stackplan import StackPlan
from dco.model.switch import Stand, Switch
from dco.operations.operation import Operation
from dco.providers.memory import MemoryObjects
from dco.record import releases, switches
from dco.record.journal import ChainedJournal
from dco.seams.fleet import Instance, MachineImageState
from dco.seams.gates import Sampled, Standing
from dco.seams.hosts import Ran
from dco.seams.outside import Outside
from dco.wiring.connect import operations

T = TypeVar("T")
NAMES = ("ledger", "search")
OLD, NEW = "ami-old", "ami-new"
KEY = "20261126-040000-redeploy"


def database(name: str) -> dict[str, Any]:
    parameters = {f"{what}_parameter": f"/{name}/{what}" for what in ("uri", "servers", "addresses")}
    gate = {"control": ["http://10.0.0.9:7690"], "secret": "gate"}
    return {"secret": name, "plugin_secret": name, "slot": f"/{name}/slot", "gate": gate, **parameters}


ENVIRONMENT = msgspec.convert(
    {
        "name": "desk",
        "mode": "act",
        "aws": {"region": "eu-central-1"},
        "state": {"bucket": "b"},
        "offering": {"kind": "command", "command": ["true"]},
        "stacks": {"main": {"directory": "infra"}},
        "databases": {name: database(name) for name in NAMES},
        "backup": {"neo4j": "/opt/neo4j-{version}"},
        "redeploy": {"bake_hours": 1, "look_seconds": 60, "follow_minutes": 1, "looks_allowed": 1},
        "policy": {"automatic_below": "never-ask"},
        "verify": {"bake_seconds": 0},
        "schedule": {"cron": "0 3 * * *"},
    },
    Environment,
)


class Clock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> str:
        moment = datetime(2026, 11, 26, 4, tzinfo=UTC) + timedelta(seconds=self.time)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def seconds(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class FakeServer:
    """One server: both of its databases move as one here."""

    desk: "Desk"
    address: str
    transaction: int = 10
    checksum: int = 77
    kernel: str = "older"
    reason: str = ""
    following: bool = False
    dead: bool = False
    plugged: bool = True
    asked: list[str] = field(default_factory=list[str])
    leases: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def stand(self, name: str, transaction: int = 0, seconds: float = 0.0) -> Stand:
        del name
        self.desk.carry()
        if self.transaction < transaction:
            self.desk.clock.sleep(seconds)
        if self.dead:
            raise Unreadable(f"{self.address} does not answer")
        if not self.plugged:
            raise StepFailed("there is no procedure dco.identity")
        return Stand(
            transaction=self.transaction,
            checksum=self.checksum,
            fenced=bool(self.reason),
            reason=self.reason,
            following=self.following,
        )

    def fence(self, name: str, *, on: bool, reason: str) -> Stand:
        self.desk.event(f"fence {self.address} {on}")
        if self.dead:
            raise Unreadable(f"{self.address} does not answer")
        self.reason = reason if on else ""
        return self.stand(name)

    def promote(self, name: str, transaction: int, reason: str) -> Stand:
        if self.dead:
            raise Unreadable(f"{self.address} does not answer")
        if transaction > self.transaction:
            raise StepFailed("it has not got as far")
        self.desk.event(f"promote {self.address}")
        assert reason == self.reason or not self.reason, "the reason is the one it was fenced for"
        self.reason, self.following = "", False
        return self.stand(name)

    def hold(self, name: str, lease: str, seconds: int) -> None:
        assert seconds > 0
        self.desk.event(f"rest {self.address} {name}")
        self.leases.add((name, lease))

    def release(self, name: str, lease: str) -> bool:
        self.desk.event(f"release {self.address} {name}")
        self.leases.discard((name, lease))
        self.desk.checkpoints -= 1
        return self.desk.checkpoints < 0

    def format(self) -> str:
        return self.kernel

    def upgrade(self) -> str:
        self.desk.event(f"upgrade {self.address}")
        assert not self.reason, "only what serves is upgraded"
        self.kernel = "newer"
        return self.kernel

    def rehearse(self, cypher: str, parameters: Mapping[str, Any]) -> None:
        del parameters
        self.asked.append(cypher)

    def query(self, cypher: str, parameters: Mapping[str, Any], *, undo: bool) -> list[dict[str, Any]]:
        assert undo
        del parameters
        self.asked.append(cypher)
        if "listConnections" in cypher:
            return [{"place": place, "agent": agent} for place, agent in self.desk.strangers]
        return [{"found": []}]


@dataclass
class FakeGate:
    """The gate of both databases."""

    desk: "Desk"
    serving: dict[str, str] = field(default_factory=dict[str, str])
    failed: int = 0
    each_second: float = 0.001
    """How long a transaction takes; some end between any two looks."""
    ended: int = 0
    took: float = 0.0
    refuses: bool = False
    switches: dict[str, str] = field(default_factory=dict[str, str])
    """Database → the switch that it was held for last."""

    def standing(self, database: str) -> Standing:
        self.ended, self.took = self.ended + 30, self.took + 30 * self.each_second
        return Standing(
            serving=self.serving[database], held=None, sessions=3, failed=self.failed, moved=0, waiting=0,
            transactions=self.ended, transaction_seconds=self.took,
        )  # fmt: skip

    def links(self, database: str) -> frozenset[str]:
        del database
        return frozenset({"10.0.0.9:4000"})

    def queries(self, database: str) -> tuple[Sampled, ...]:
        del database
        return (Sampled("MATCH (n) RETURN n", writes=False, count=1),)

    def offer(self, database: str, servers: tuple[str, ...]) -> None:
        self.desk.event(f"offer {database} {len(servers)}")

    def prepare(self, database: str, server: str | None) -> None:
        del database, server

    def hold(self, database: str, switch: Switch, drain_seconds: float) -> float:
        del drain_seconds
        if self.refuses:
            raise StepFailed(f"a transaction of {database} does not end")
        self.desk.event(f"hold {database}")
        self.switches[database] = switch.id
        return 1.0

    def learn(self, database: str, switch: str) -> None:
        assert self.switches.get(database) == switch
        assert switches.decision(self.desk.objects, switch)

    def move(self, database: str, switch: str) -> None:
        if self.switches.get(database) != switch:
            raise StepFailed(f"{database} is not held for switch {switch}")
        decision = switches.decision(self.desk.objects, switch)
        assert decision is not None
        self.serving[database] = decision.servers[database]
        self.desk.event(f"move {database}")


def nothing(*_: object, **__: object) -> tuple[()]:
    return ()


def author(_: str) -> str:
    return ""


@dataclass
class FakeVolumes:
    """Snapshots by their tokens; each is complete at the third look."""

    desk: "Desk"
    there: dict[str, str] = field(default_factory=dict[str, str])
    looked: int = 0

    def snapshot(self, tags: Mapping[str, str], token: str) -> str:
        self.desk.event(f"snapshot {tags['dco:database']} {tags['dco:colour']}")
        holding = self.desk.servers[bolt(tags["dco:database"], tags["dco:colour"])]
        assert len(holding.leases) == 2, "both of its databases must hold"
        self.there.setdefault(token, f"snap-{len(self.desk.events)}")
        return self.there[token]

    def is_complete(self, snapshot: str) -> bool:
        assert snapshot in self.there.values()
        self.looked += 1
        return self.looked % 3 == 0

    def forget(self, token: str) -> None:
        if token in self.there:
            self.desk.event(f"forget {token}")
            del self.there[token]


@dataclass
class FakeHosts:
    """The machines `i-NAME`; what is asked of one is done at once, and told at the third look."""

    desk: "Desk"
    answers: dict[str, Ran] = field(default_factory=dict[str, Ran])
    """Verb → how it ends, where not well."""
    begun: dict[str, str] = field(default_factory=dict[str, str])
    kept: int = 0
    looked: int = 0
    live: int = 0
    """How often a machine was asked for something that needs no restart."""
    hindrance: str = ""

    def is_online(self, instance: str) -> bool:
        return not self.desk.servers[bolt(instance.removeprefix("i-"), "blue")].dead

    def begin(self, instance: str, script: str, files: Mapping[str, bytes], seconds: int, token: str) -> str:
        assert seconds > 0
        verb = next(word for word in ("look", "install", "remove") if f'on_host.py" {word} ' in script)
        self.live += " --live" in script
        if token not in self.begun:
            self.begun[token] = verb
            self.kept += len(files)
            self.desk.event(f"{verb} {instance}")
            if verb not in self.answers:
                server = self.desk.servers[bolt(instance.removeprefix("i-"), "blue")]
                server.plugged = {"look": server.plugged, "install": True, "remove": False}[verb]
        return token

    def ended(self, instance: str, command: str) -> Ran | None:
        del instance
        self.looked += 1
        looked = json.dumps({"seconds": 12.4, "hindrance": self.hindrance})
        well = Ran(0, looked if self.begun[command] == "look" else "restarted", "")
        return self.answers.get(self.begun[command], well) if self.looked % 3 == 0 else None

    def forget(self, files: Mapping[str, bytes]) -> None:
        self.kept -= len(files)


def image_of(one: str) -> MachineImageState:
    return MachineImageState(id=one, name="neo4j", created=f"2026-10-0{1 + (one == NEW)}", available=one in {OLD, NEW})


class Straight:
    """Steps that just run."""

    def run(self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        del name
        return msgspec.convert(msgspec.to_builtins(work()), kind)


@dataclass
class Desk:
    """The whole of it. `strike` is called at each event with what happens, and may raise."""

    objects: MemoryObjects = field(default_factory=MemoryObjects)
    clock: Clock = field(default_factory=Clock)
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    servers: dict[str, FakeServer] = field(default_factory=dict[str, FakeServer])
    strangers: list[list[str]] = field(default_factory=list[list[str]])
    equal: bool = True
    holds: bool = True
    other_change: bool = False
    events: list[str] = field(default_factory=list[str])
    strike: Callable[[str], object] = nothing
    machines: tuple[Instance, ...] = ()
    rings: set[str] = field(default_factory=set[str])
    checkpoints: int = 0
    """In so many holds a checkpoint comes in between."""

    def __post_init__(self) -> None:
        self.gate = FakeGate(self)
        self.volumes = FakeVolumes(self)
        self.hosts = FakeHosts(self)
        slot = Slot(image=OLD, version="5.26.30", colour="blue")
        for name in NAMES:
            self.parameters[f"/{name}/slot"] = slot.text()
            self.parameters[f"/{name}/servers"] = json.dumps({"source": bolt(name, "blue")})
        self.apply()
        for name in NAMES:
            self.gate.serving[name] = bolt(name, "blue")
        stacks = {"main": StackRelease(content="c", inputs="i")}
        releases.write(self.objects, Release(environment="desk", revision="r1", night="n0", at="", stacks=stacks))

    def event(self, what: str) -> None:
        self.events.append(what)
        self.strike(what)

    def strike_at(self, at: int) -> list[str]:
        """Let the event of a number fail; return the list into which all that happen are written."""
        seen: list[str] = []

        def strike(what: str) -> None:
            seen.append(what)
            if len(seen) == at + 1:
                raise StepFailed(f"struck at {what}")

        self.strike = strike
        return seen

    def slot(self, name: str) -> Slot:
        return read(self.parameters[f"/{name}/slot"], name)

    def serving(self) -> dict[str, str]:
        """Who takes writes of each database: the only server that is not fenced."""
        found: dict[str, str] = {}
        for name in NAMES:
            (one,) = [s for s in self.servers.values() if f"//{name}-" in s.address and not s.reason]
            found[name] = one.address
        return found

    def wanted(self) -> set[str]:
        made: set[str] = set()
        for name in NAMES:
            slot = self.slot(name)
            made.add(bolt(name, slot.colour))
            if slot.other is not None and slot.other.state == "following":
                made.add(bolt(name, slot.other_colour))
        return made

    def plan(self, *_: object) -> StackPlan:
        missing, surplus = self.wanted() - self.servers.keys(), self.servers.keys() - self.wanted()
        changes = [resource(address, "create") for address in missing]
        changes += [resource(address, "delete") for address in surplus]
        if self.other_change:
            bucket = {"actions": ["update"], "before": {}, "after": {}}
            changes.append({"address": "aws_s3_bucket.b", "type": "aws_s3_bucket", "change": bucket})
        return StackPlan(changed=bool(changes), file="f", serial=1, resource_changes=tuple(changes))

    def apply(self, *_: object) -> None:
        self.event("apply")
        for address in self.wanted() - self.servers.keys():
            first = not self.servers or not any(address.partition("-")[0] in known for known in self.servers)
            self.servers[address] = FakeServer(self, address, reason="" if first else "is a copy")
        for address in self.servers.keys() - self.wanted():
            del self.servers[address]
        for name in NAMES:
            here = {one.rpartition("-")[2]: one for one in self.servers if f"//{name}-" in one}
            self.parameters[f"/{name}/addresses"] = json.dumps(here)

    def carry(self) -> None:
        """Do what the stream does."""
        for name in NAMES:
            carried = json.loads(self.parameters[f"/{name}/servers"])
            source, follower = self.servers.get(carried["source"]), self.servers.get(carried.get("follower") or "")
            for one in self.servers.values():
                if f"//{name}-" in one.address and one is not follower and one.following:
                    one.following = False
            if source and follower and follower.reason and not source.dead and not follower.dead:
                follower.following = True
                follower.transaction = source.transaction

    def prove(self, wish: ProofWish, say: object) -> Comparison:
        del say
        self.event(f"prove {wish.server}")
        follower = json.loads(self.parameters[f"/{wish.database}/servers"]).get("follower")
        assert follower is None, "what is compared must rest"
        side = Side(
            name="a", uri="", version="5.26.30", transaction=10, fenced=True, method="plugin", nodes=5, relationships=4
        )
        now = datetime.now(UTC)
        differing = () if self.equal else (Difference("node", "(:A)", None, ""),)
        return Comparison(
            equal=self.equal, transaction=10, compared_at=now, expires_at=now, a=side, b=side, gaps=(),
            differences=differing, doubles=0, settled=True, invariants=(), seconds=1,
        )  # fmt: skip

    def verify(self, name: str, *_: object) -> Verified:
        self.event(f"verify {name}")
        return Verified(database=name, at="", objects=1, bytes=1, seconds=1)

    def listing(self, name: str) -> Listing:
        copy = Copy(id="base-1", taken="", neo4j="5.26.30", size=1, stored=1)
        return Listing(database=name, copies=(copy,), ranges=(), holes=())

    def get(self, name: str) -> str | None:
        return self.parameters.get(name)

    def put(self, name: str, value: str) -> None:
        self.event(f"put {name}")
        self.parameters[name] = value

    def ask(self, database: object, cypher: str) -> bool:
        del database
        return self.holds or cypher == "RETURN true"

    def controls(self, gate: object) -> dict[str, FakeGate]:
        del gate
        return {"http://10.0.0.9:7690": self.gate}

    def at(self, database: object, address: str) -> FakeServer:
        del database
        return self.servers.get(address) or FakeServer(self, address, dead=True)

    def ringing(self, names: list[str]) -> tuple[str, ...]:
        return tuple(f"{name}: it is slow" for name in names if name in self.rings)

    def instances(self, tags: Mapping[str, str]) -> tuple[Instance, ...]:
        return tuple(one for one in self.machines if tags.items() <= one.tags.items())

    def outside(self) -> Outside:
        made: Any = {
            "directory": Path("/nonexistent"),
            "alarms": SimpleNamespace(ringing=self.ringing),
            "backups": SimpleNamespace(examine=nothing, listing=self.listing, prove=self.prove, verify=self.verify),
            "clock": self.clock,
            "commands": SimpleNamespace(running=nothing),
            "fleet": SimpleNamespace(image=image_of, instances=self.instances),
            "gates": SimpleNamespace(controls=self.controls),
            "graphs": SimpleNamespace(ask=self.ask),
            "hosts": self.hosts,
            "identity": SimpleNamespace(caller=lambda: "ann"),
            "notices": SimpleNamespace(send=nothing),
            "objects": self.objects,
            "parameters": self,
            "servers": SimpleNamespace(at=self.at),
            "source": SimpleNamespace(export=nothing, author=author),
            "stacks": SimpleNamespace(plan=self.plan, apply=self.apply),
            "volumes": self.volumes,
        }
        return Outside(**{name: made.get(name) for name in Outside.__dataclass_fields__})

    def tonight(self, key: str, environment: Environment = ENVIRONMENT) -> Tonight:
        outside = self.outside()
        does: Mapping[str, Operation] = operations(environment, outside)
        return Tonight(key, environment, outside, ChainedJournal(self.objects, self.clock), Straight(), does)

    def redeploy(self, *names: str, environment: Environment = ENVIRONMENT, key: str = KEY, **asked: Any) -> Report:
        asked = {"images": dict.fromkeys(names or NAMES, asked.pop("image", NEW)), **asked}
        request = redeploying.Request(environment=environment, began=self.clock.now(), **asked)
        return redeploying.tell(self.tonight(key, environment), request)

    def bake(self, environment: Environment = ENVIRONMENT, **asked: Any) -> Report:
        request = baking.Request(environment=environment, began=self.clock.now(), redeploy=KEY, **asked)
        return baking.tell(self.tonight(f"{KEY}-bake", environment), request)

    def clear(self, *names: str) -> Report:
        request = clearing.Request(environment=ENVIRONMENT, began=self.clock.now(), databases=names)
        return clearing.tell(self.tonight(f"{KEY}-clear"), request)

    def install(self, *names: str, environment: Environment = ENVIRONMENT, **asked: Any) -> Report:
        asked = {"restart": False, "agreed": False, **asked}
        request = installing.Request(environment=environment, began=self.clock.now(), databases=names or NAMES, **asked)
        return installing.tell(self.tonight(f"{KEY}-plugin", environment), request)


def bolt(name: str, colour: str) -> str:
    return f"bolt://{name}-{colour}"


def resource(address: str, action: str) -> dict[str, Any]:
    name, colour = address.removeprefix("bolt://").split("-")
    tags = {"dco:database": name, "dco:colour": colour}
    change = {"actions": [action], "before": {"tags": tags} if action == "delete" else None, "after": {}}
    where = f'module.database["{name}"].aws_instance.this["{colour}"]'
    return {"address": where, "type": "aws_instance", "change": change}
