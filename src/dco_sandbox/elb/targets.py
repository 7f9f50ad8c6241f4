"""The targets of a target group: registered, probed, draining. Plain data in moto's target groups; needs the lock."""

import time
from dataclasses import dataclass

from moto.ec2.models import ec2_backends
from moto.elbv2.models import ELBv2Backend, FakeTargetGroup, elbv2_backends

from dco_sandbox.runtime import Runtime
from dco_sandbox.world import World

Target = tuple[str, str, int]
"""A target group's ARN, the target's id (an address, or an instance's id), its port."""
SLOTS = 64
"""How many targets a group may have at once, those that drain included."""


@dataclass
class TargetState:
    """What is known of one target; times are seconds since the epoch.

    States are those of the API reference's TargetHealth: initial, healthy, unhealthy, draining, unused. `served` once
    the proxy is known to send it requests.
    """

    id: str
    port: int
    slot: int
    address: str
    registered: float
    state: str = "initial"
    reason: str | None = "Elb.RegistrationInProgress"
    description: str | None = "Target registration is in progress"
    good: int = 0
    bad: int = 0
    probe_at: float = 0.0
    drains_since: float | None = None
    served: bool = False

    @property
    def shown(self) -> str:
        """The state to tell: a target is not healthy for anybody before requests reach it."""
        return "initial" if self.state == "healthy" and not self.served else self.state


def backend(world: World) -> ELBv2Backend:
    """Return moto's ELBv2 of a world."""
    return elbv2_backends[world.account][world.region]


def known(group: FakeTargetGroup) -> dict[tuple[str, int], TargetState]:
    """Return a group's targets by id and port, draining ones too."""
    found: dict[tuple[str, int], TargetState] = vars(group).setdefault("live", {})
    return found


def health(world: World) -> dict[Target, str]:
    """Return the state of every target; one that has drained is not there any more."""
    groups = backend(world).target_groups
    return {(arn, *key): item.shown for arn, group in groups.items() for key, item in known(group).items()}


def register(runtime: Runtime, target: Target) -> None:
    """Register a target, as RegisterTargets does; a group that was deleted is passed over."""
    arn, identity, port = target
    if arn in backend(runtime.world).target_groups:
        backend(runtime.world).register_targets(arn, [{"Id": identity, "Port": port}])
        follow(runtime.world, time.time())
        runtime.touch("elbv2")


def deregister(runtime: Runtime, targets: list[Target]) -> None:
    """Deregister targets, as DeregisterTargets does; those that are not registered are passed over."""
    groups = backend(runtime.world).target_groups
    for arn, identity, port in targets:
        group = groups.get(arn)
        if group is not None and int(group.targets.get(identity, {}).get("Port", 0)) == port:
            group.deregister([{"Id": identity, "Port": port}])
            follow(runtime.world, time.time())
            runtime.touch("elbv2")


def in_use(world: World) -> set[str]:
    """Name the target groups that a listener forwards to."""
    moto = backend(world)
    return {arn for arn in moto.target_groups if moto._any_listener_using(arn)}  # noqa: SLF001


def follow(world: World, moment: float) -> bool:
    """Bring what is known in line with what is registered; say whether anything changed.

    Follows Elastic Load Balancing's "Register targets with your target group" and "Deregistration delay".
    """
    used, changed = in_use(world), False
    for arn, group in backend(world).target_groups.items():
        changed |= _follow_group(world, group, used=arn in used, moment=moment)
    return changed


def delay(group: FakeTargetGroup, slowed: float | None) -> float:
    """Return a group's deregistration delay in seconds, or what the runtime's `drain_seconds` has in its place."""
    return slowed if slowed is not None else float(group.attributes.get("deregistration_delay.timeout_seconds", 300))


def _follow_group(world: World, group: FakeTargetGroup, *, used: bool, moment: float) -> bool:
    live, before = known(group), repr(known(group))
    wanted = {(str(item["Id"]), int(item["Port"])) for item in group.targets.values()}
    for key in wanted:
        item = live.get(key)
        if item is None or item.state == "draining":
            live[key] = _new(world, group, key, moment)
        _mark_use(live[key], used=used)
    for key, item in list(live.items()):
        if key in wanted or item.state == "draining":
            continue
        if item.state == "unused":
            del live[key]
            continue
        item.state, item.reason = "draining", "Target.DeregistrationInProgress"
        item.description, item.drains_since = "Target deregistration is in progress", moment
    return repr(live) != before


def _mark_use(item: TargetState, *, used: bool) -> None:
    if not used:
        item.state, item.reason = "unused", "Target.NotInUse"
        item.description = "Target group is not configured to receive traffic from the load balancer"
    elif item.state == "unused":
        item.state, item.reason = "initial", "Elb.InitialHealthChecking"
        item.description = "Initial health checks in progress"


def _new(world: World, group: FakeTargetGroup, key: tuple[str, int], moment: float) -> TargetState:
    """Make a target with a slot of its own; the slot of one that drained a moment ago is taken last."""
    live = known(group)
    if key in live:
        slot = live[key].slot
    else:
        taken = {item.slot for item in live.values()}
        last = int(vars(group).get("live_last_slot", 0))
        slot = next(n for n in ((last + step) % SLOTS + 1 for step in range(SLOTS)) if n not in taken)
        vars(group)["live_last_slot"] = slot
    return TargetState(key[0], key[1], slot, _address(world, key[0]), moment)


def _address(world: World, identity: str) -> str:
    if not identity.startswith("i-"):
        return identity
    return str(ec2_backends[world.account][world.region].get_instance(identity).private_ip)
