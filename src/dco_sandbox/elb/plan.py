"""What HAProxy should do, as a value: from moto's load balancers to a configuration and the commands to change it.

One backend per target group, with slots whose servers are changed at run time; which group answers a request is
drawn from a map that is swapped as a whole. New servers are added before old ones drain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from moto.elbv2.models import FakeListener, FakeLoadBalancer, FakeTargetGroup

from dco_sandbox.elb.targets import SLOTS, backend, known
from dco_sandbox.world import World

_SHARES = 1000
_HEAD = """\
global
    log stdout format raw local0
    stats socket unix@admin.sock mode 600 level admin expose-fd listeners
    hard-stop-after 60s
    maxconn 4000

defaults
    mode http
    log global
    log-format "%ft %b %s %ST %Tr %ts"
    option dontlognull
    option forwardfor
    # No request is sent twice and no connection to a target is used again, so that what a client sees is what
    # the target did: a load balancer of AWS doesn't repeat a request either.
    retries 0
    option http-server-close
    # A reload ends no connection that a client may be about to write to.
    option idle-close-on-response
    timeout connect 5s
    timeout client 60s
    timeout http-keep-alive 60s
    timeout server 60s
    timeout queue 5s
"""


@dataclass(frozen=True)
class Server:
    """A target's place: `mode` is ready (serves), drain (ends what runs) or maint (nothing)."""

    slot: int
    address: str
    port: int
    mode: str


@dataclass(frozen=True)
class Pool:
    """A target group."""

    name: str
    servers: tuple[Server, ...]


@dataclass(frozen=True)
class Fixed:
    """A fixed response."""

    status: int
    content_type: str
    body: str


@dataclass(frozen=True)
class Entrance:
    """A listener: where it listens, and the groups with their weights, or what it always answers."""

    name: str
    address: str
    port: int
    routes: tuple[tuple[str, int], ...]
    fixed: Fixed | None = None


@dataclass(frozen=True)
class Plan:
    """All listeners and target groups of a world."""

    entrances: tuple[Entrance, ...] = ()
    pools: tuple[Pool, ...] = ()

    def shape(self) -> tuple[object, ...]:
        """Return what can't change without a reload."""
        fronts = [(item.name, item.address, item.port, item.fixed) for item in self.entrances]
        return (tuple(fronts), tuple(pool.name for pool in self.pools))


def of_world(world: World) -> Plan:
    """Return the plan that moto's state asks for. Needs the lock."""
    moto = backend(world)
    entrances = [
        _entrance(balancer, listener)
        for balancer in moto.load_balancers.values()
        for listener in balancer.listeners.values()
    ]
    wanted = {name for entrance in entrances for name, _ in entrance.routes}
    pools = [_pool(group) for group in moto.target_groups.values() if group.name in wanted]
    return Plan(tuple(entrances), tuple(pools))


def render(plan: Plan) -> str:
    """Return HAProxy's configuration, complete with the servers' present state."""
    parts = [_HEAD]
    for item in plan.entrances:
        parts.append(f"frontend {item.name}\n    bind {item.address}:{item.port}\n")
        parts.append("    http-request set-header X-Forwarded-Proto http\n")
        parts.append(f"    http-request set-header X-Forwarded-Port {item.port}\n")
        if item.fixed is not None:
            parts.append(f"    http-request return {_fixed(item.fixed)}\n")
        else:
            parts.append(f"    use_backend %[rand({_SHARES}),map_int({item.name}.map,nowhere)]\n")
    parts.append("backend nowhere\n")
    for pool in plan.pools:
        parts.append(f"backend {pool.name}\n    balance roundrobin\n")
        placed = {server.slot: server for server in pool.servers}
        parts += [_server(slot, placed.get(slot)) for slot in range(1, SLOTS + 1)]
    return "\n".join(part.rstrip("\n") for part in parts) + "\n"


def shares(entrance: Entrance) -> list[str]:
    """Return the map of an entrance: ranges of a thousand, by weight. API reference, TargetGroupTuple."""
    total = sum(weight for _, weight in entrance.routes)
    lines: list[str] = []
    sent = start = 0
    for name, weight in entrance.routes:
        sent += weight
        end = round(_SHARES * sent / total) if total else 0
        if end > start:
            lines.append(f"{start}:{end - 1} {name}")
        start = end
    return lines


def server_commands(old: Plan, new: Plan) -> list[str]:
    """Return the commands that turn the servers of one plan into another's, those that add before those that end."""
    before = {(pool.name, server.slot): server for pool in old.pools for server in pool.servers}
    after = {(pool.name, server.slot): server for pool in new.pools for server in pool.servers}
    adding: list[str] = []
    ending: list[str] = []
    for (pool, slot), server in after.items():
        known_server, name = before.get((pool, slot)), f"{pool}/t{slot}"
        if server == known_server:
            continue
        if known_server is None or (known_server.address, known_server.port) != (server.address, server.port):
            adding.append(f"set server {name} state maint")
            adding.append(f"set server {name} addr {server.address} port {server.port}")
        if server.mode == "ready":
            # A reload may have written it down with no weight, as one that drained.
            adding.append(f"set server {name} weight 1")
        (adding if server.mode == "ready" else ending).append(f"set server {name} state {server.mode}")
    ending += [f"set server {pool}/t{slot} state maint" for pool, slot in before if (pool, slot) not in after]
    return adding + ending


def changed_maps(old: Plan, new: Plan) -> list[Entrance]:
    """Return the entrances whose weights changed."""
    before = {item.name: item.routes for item in old.entrances}
    return [item for item in new.entrances if before.get(item.name) != item.routes]


def modes(states: Sequence[str]) -> list[str]:
    """Return what to do with servers in these states; with no healthy one all unhealthy ones serve.

    Follows "Health checks for Application Load Balancer target groups": the group then fails open.
    """
    serving = {"healthy": "ready", "draining": "drain"}
    if "healthy" not in states:
        serving["unhealthy"] = "ready"
    return [serving.get(state, "maint") for state in states]


def entrance_name(balancer: FakeLoadBalancer, listener: FakeListener) -> str:
    """Name a listener as HAProxy and its log know it."""
    return f"{balancer.name}-{listener.port}"


def _entrance(balancer: FakeLoadBalancer, listener: FakeListener) -> Entrance:
    action = listener.default_actions[0].data
    fixed = None
    if action["Type"] == "fixed-response":
        answer = action["FixedResponseConfig"]
        fixed = Fixed(
            int(answer["StatusCode"]),
            answer.get("ContentType") or "text/plain",
            answer.get("MessageBody") or "",
        )
    routes = tuple(_routes(action))
    name = entrance_name(balancer, listener)
    return Entrance(name, balancer.dns_name, int(listener.port), routes, fixed)


def _routes(action: dict[str, object]) -> list[tuple[str, int]]:
    forward = action.get("ForwardConfig")
    if isinstance(forward, dict) and forward.get("TargetGroups"):
        return [(_group_name(item["TargetGroupArn"]), int(item["Weight"])) for item in forward["TargetGroups"]]
    arn = action.get("TargetGroupArn")
    return [(_group_name(str(arn)), 1)] if arn else []


def _group_name(arn: str) -> str:
    return arn.split("/")[1]


def _pool(group: FakeTargetGroup) -> Pool:
    items = sorted(known(group).values(), key=lambda item: item.slot)
    chosen = zip(items, modes([item.state for item in items]), strict=True)
    return Pool(group.name, tuple(Server(i.slot, i.address, i.port, mode) for i, mode in chosen))


def _server(slot: int, server: Server | None) -> str:
    if server is None:
        return f"    server t{slot} 127.0.0.1:1 disabled"
    # One that doesn't serve has its address too: later it is only told to be ready.
    ending = {"maint": " disabled", "drain": " weight 0"}.get(server.mode, "")
    return f"    server t{slot} {server.address}:{server.port}{ending}"


def _fixed(answer: Fixed) -> str:
    body = answer.body.replace("\\", "\\\\").replace('"', '\\"')
    return f'status {answer.status} content-type "{answer.content_type}" string "{body}"'
