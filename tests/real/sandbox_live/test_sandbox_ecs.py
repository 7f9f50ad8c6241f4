"""Services and tasks are real processes, rolled as ECS rolls them."""

from typing import Any


def test_a_service_behind_a_load_balancer_rolls_to_the_new_version(live: Any, tools: Any) -> None:
    _wait, get = tools
    url, group = live.balancer("roll")
    live.serve("roll", live.define("roll", "1"), 2, group)
    live.ecs.get_waiter("services_stable").wait(
        cluster="live", services=["roll"], WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    live.stable("roll")
    assert get(url)[1].startswith("1")

    live.ecs.update_service(cluster="live", service="roll", taskDefinition=live.define("roll", "2"))
    live.stable("roll")

    assert {get(url)[1].split()[0] for _ in range(6)} == {"2"}
