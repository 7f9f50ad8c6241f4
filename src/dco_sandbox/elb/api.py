"""ELBv2's calls that moto answers without a load balancer behind them: names, target health, what is refused."""

import time
from collections.abc import Callable
from typing import Any

from moto.elbv2.exceptions import InvalidConfigurationRequest, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeLoadBalancer, FakeTargetGroup, elbv2_backends

from dco_sandbox.elb.targets import follow, known
from dco_sandbox.runtime import Runtime
from dco_sandbox.world import World

_FIRST = 10
_LAST = 250
_moto_create: Callable[..., FakeLoadBalancer] = ELBv2Backend.create_load_balancer
_moto_validate: Callable[[ELBv2Backend, list[Any]], None] = ELBv2Backend._validate_actions  # noqa: SLF001

_moto_validate_protocol: Callable[..., None] = ELBv2Backend._validate_port_and_protocol  # noqa: SLF001


def install(runtime: Runtime) -> None:
    """Replace moto's calls; `runtime` is the world that they act in."""
    world = runtime.world

    def create_load_balancer(self: ELBv2Backend, **given: Any) -> FakeLoadBalancer:
        if (given.get("loadbalancer_type") or "application") != "application":
            raise InvalidConfigurationRequest(
                "The sandbox has application load balancers only; use type application, or try this on AWS."
            )
        address = _free_address(world, self)
        made = _moto_create(self, **given)
        made.dns_name, made.state = address, "active"
        return made

    def describe_target_health(self: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]) -> list[Any]:
        """Answer with all targets that are registered or draining, or with those asked for."""
        group = self.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError
        follow(world, time.time())
        wanted = [(str(item["Id"]), int(item.get("Port") or group.port)) for item in targets]
        return [_status(group, key) for key in wanted or known(group)]

    moto: Any = ELBv2Backend
    moto.create_load_balancer = create_load_balancer
    moto.describe_target_health = describe_target_health
    moto.create_rule = _refuse_rule
    moto._validate_actions = _validate_actions  # noqa: SLF001
    moto._validate_port_and_protocol = _validate_protocol  # noqa: SLF001
    # moto notes a group's load balancers when a listener is made, and forgets to when one is changed or deleted.
    setattr(FakeTargetGroup, "load_balancer_arns", property(_balancers_of, lambda _group, _value: None))  # noqa: B010


def _status(group: FakeTargetGroup, key: tuple[str, int]) -> Any:
    """Return a target's health. API reference, TargetHealth: states, reasons and descriptions."""
    item = known(group).get(key)
    port = str(key[1])
    if item is None:
        text = "Target is not registered to the target group"
        return FakeHealthStatus(key[0], port, port, "unused", "Target.NotRegistered", text)
    if item.shown != item.state:
        text = "Initial health checks in progress"
        return FakeHealthStatus(item.id, port, port, item.shown, "Elb.InitialHealthChecking", text)
    return FakeHealthStatus(item.id, port, port, item.state, item.reason, item.description)


def _balancers_of(group: FakeTargetGroup) -> list[str]:
    """Return the load balancers whose listeners forward to a group. API reference, TargetGroup: LoadBalancerArns."""
    moto = elbv2_backends[group.account_id][group.region_name]
    return [arn for arn, balancer in moto.load_balancers.items() if _forwards(moto, balancer, group.arn)]


def _forwards(moto: ELBv2Backend, balancer: FakeLoadBalancer, group: str) -> bool:
    actions = [action.data for listener in balancer.listeners.values() for action in listener.default_actions]
    return any(group in moto._get_target_group_arns_from(data) for data in actions)  # noqa: SLF001


def _validate_protocol(self: ELBv2Backend, loadbalancer_type: str, port: str | None, protocol: str | None) -> None:
    """Refuse by name the protocol that would be answered in the clear."""
    _moto_validate_protocol(self, loadbalancer_type, port, protocol)
    if protocol == "HTTPS":
        raise InvalidConfigurationRequest(
            "The sandbox's listeners speak HTTP; HTTPS is not there. Listen on HTTP here, or try this on AWS."
        )


def _validate_actions(self: ELBv2Backend, actions: list[Any]) -> None:
    """Refuse by name the actions that nothing would carry out."""
    _moto_validate(self, actions)
    for action in actions:
        if action.type not in ("forward", "fixed-response"):
            raise InvalidConfigurationRequest(
                f"The sandbox's listeners forward or give a fixed response; {action.type} is not there."
            )


def _refuse_rule(_self: ELBv2Backend, *_given: Any, **_named: Any) -> Any:
    raise InvalidConfigurationRequest(
        "The sandbox's listeners have a default action only; listener rules are not there."
    )


def _free_address(world: World, moto: ELBv2Backend) -> str:
    """Return the load balancer's own loopback address, which is its DNSName."""
    taken = {balancer.dns_name for balancer in moto.load_balancers.values()}
    for host in range(_FIRST, _LAST):
        address = world.address(0, host)
        if address not in taken:
            return address
    raise InvalidConfigurationRequest("The world has no free address for another load balancer.")
