"""The load balancer survives what happens to it, and drains as it is told."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dco_sandbox import access
from dco_sandbox.server import processes_of

Tools = tuple[Callable[..., None], Callable[..., tuple[int, str]]]


@pytest.fixture(scope="module")
def site(live: Any) -> Iterator[tuple[str, str]]:
    """A service of one task behind a load balancer: its URL and target group."""
    url, group = live.balancer("site", 8092)
    live.serve("site", live.define("site"), 1, group)
    live.stable("site", 40)
    yield url, group
    live.gone("site")


def states(live: Any, group: str) -> list[str]:
    found = live.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return sorted(item["TargetHealth"]["State"] for item in found)


def added(live: Any, tools: Tools, group: str, host: int) -> dict[str, Any]:
    """Register a target at which nobody answers, and wait until it is known."""
    target = {"Id": live.world.address(20, host), "Port": 8080}
    live.elb.register_targets(TargetGroupArn=group, Targets=[target])
    tools[0](lambda: len(states(live, group)) > 1, 5)
    return target


def test_a_killed_load_balancer_is_started_again(live: Any, tools: Tools, site: tuple[str, str]) -> None:
    wait, get = tools
    assert get(site[0])[0] == 200
    before = processes_of(live.world).find("haproxy")
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)

    def serves() -> bool:
        now = processes_of(live.world).find("haproxy")
        if now is None or now.pid == before.pid:
            return False
        try:
            return get(site[0])[0] == 200
        except OSError:
            return False

    wait(serves, 15)


def test_a_slowed_drain_takes_its_time(live: Any, tools: Tools, site: tuple[str, str]) -> None:
    target = added(live, tools, site[1], 200)
    access.control(live.world, "POST", "slow", {"drain_seconds": 2.5})
    try:
        began = time.monotonic()
        live.elb.deregister_targets(TargetGroupArn=site[1], Targets=[target])
        tools[0](lambda: "draining" in states(live, site[1]), 3)
        tools[0](lambda: "draining" not in states(live, site[1]), 15)
        assert time.monotonic() - began >= 2.4, "an idle target would have gone at once"
    finally:
        access.control(live.world, "DELETE", "faults")


def test_an_idle_target_drains_at_once(live: Any, tools: Tools, site: tuple[str, str]) -> None:
    slow = {"Key": "deregistration_delay.timeout_seconds", "Value": "60"}
    live.elb.modify_target_group_attributes(TargetGroupArn=site[1], Attributes=[slow])
    target = added(live, tools, site[1], 201)
    live.elb.deregister_targets(TargetGroupArn=site[1], Targets=[target])
    assert states(live, site[1]) == ["draining", "healthy"]
    tools[0](lambda: states(live, site[1]) == ["healthy"], 15)


def test_a_target_that_nobody_answers_at_is_unhealthy(live: Any, tools: Tools, site: tuple[str, str]) -> None:
    target = added(live, tools, site[1], 202)
    tools[0](lambda: states(live, site[1]) == ["healthy", "unhealthy"], 20)
    tools[0](lambda: {tools[1](site[0])[0] for _ in range(5)} == {200}, 5)
    live.elb.deregister_targets(TargetGroupArn=site[1], Targets=[target])
    tools[0](lambda: states(live, site[1]) == ["healthy"], 15)


def test_without_a_healthy_target_the_answer_is_503(live: Any, tools: Tools) -> None:
    url, _group = live.balancer("empty", 8093)
    answers: list[int] = []

    def answered() -> bool:
        try:
            answers.append(tools[1](url)[0])
        except OSError:
            return False
        return True

    tools[0](answered, 15)
    assert answers == [503]


def test_weights_share_the_requests_and_move_at_run_time(live: Any, tools: Tools) -> None:
    url, blue = live.balancer("shared", 8094)
    green = live.target_group("shared-green")
    listener = live.elb.describe_listeners(LoadBalancerArn=behind(live, blue))["Listeners"][0]["ListenerArn"]

    def weigh(*weights: int) -> None:
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip((blue, green), weights, strict=True)]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        live.elb.modify_listener(ListenerArn=listener, DefaultActions=[action])

    def answers(count: int) -> list[str]:
        return [tools[1](url)[1].split()[0] for _ in range(count)]

    weigh(1, 0)
    live.serve("shared-blue", live.define("shared", "blue"), 1, blue)
    live.serve("shared-green", live.define("shared", "green"), 1, green)
    live.stable("shared-blue")
    live.stable("shared-green")
    assert set(answers(20)) == {"blue"}
    before = processes_of(live.world).find("haproxy")
    weigh(80, 20)
    tools[0](lambda: 10 <= answers(150).count("green") <= 55, 10)
    weigh(0, 1)
    tools[0](lambda: set(answers(20)) == {"green"}, 5)
    assert processes_of(live.world).find("haproxy") == before
    live.gone("shared-blue")
    live.gone("shared-green")


def behind(live: Any, group: str) -> str:
    """Return the load balancer of a target group."""
    return live.elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["LoadBalancerArns"][0]


def test_a_listener_that_nothing_would_carry_out_is_refused(live: Any, site: tuple[str, str]) -> None:
    balancer = behind(live, site[1])
    forward = [{"Type": "forward", "TargetGroupArn": site[1]}]
    away = [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Port": "443"}}]
    with pytest.raises(ClientError, match="HTTPS"):
        live.elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTPS", Port=8443, DefaultActions=forward)
    with pytest.raises(ClientError, match="redirect"):
        live.elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=8095, DefaultActions=away)
