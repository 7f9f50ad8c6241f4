"""ELBv2's calls that moto answers without a load balancer behind them: names, target health, what is refused."""

import time
from collections.abc import Callable
from typing import Any

from moto.elbv2.exceptions import InvalidConfigurationRequest, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeLoadBalancer, FakeTargetGroup

from dco_sandbox.elb.targets import follow, known
from dco_sandbox.runtime import Runtime
from dco_sandbox.world import World

_FIRST = 10
_LAST = 250
_moto_create: Callable[..., FakeLoadBalancer] = ELBv2Backend.create_load_balancer
_moto_validate: Callable[[ELBv2Backend, list[Any]], None] = ELBv2Backend._validate_actions  # noqa: SLF001


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


def _status(group: FakeTargetGroup, key: tuple[str, int]) -> Any:
    """Return a target's health. API reference, TargetHealth: states, reasons and descriptions."""
    item = known(group).get(key)
    port = str(key[1])
    if item is None:
        text = "Target is not registered to the target group"
        return FakeHealthStatus(key[0], port, port, "unused", "Target.NotRegistered", text)
    return FakeHealthStatus(item.id, port, port, item.state, item.reason, item.description)


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
