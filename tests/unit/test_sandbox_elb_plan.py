"""What HAProxy is told, so that no request meets a target that is not there yet or not there any more."""

from dco_sandbox.elb.plan import Entrance, Fixed, Plan, Pool, Server, modes, render, server_commands, shares

OLD, NEW = Server(1, "127.9.20.10", 8080, "ready"), Server(2, "127.9.20.11", 8080, "ready")


def plan(*servers: Server) -> Plan:
    return Plan((Entrance("web-80", "127.9.0.10", 80, (("web", 1),)),), (Pool("web", servers),))


def changed(server: Server, mode: str) -> Server:
    return Server(server.slot, server.address, server.port, mode)


def test_new_servers_are_added_before_old_ones_drain() -> None:
    commands = server_commands(plan(OLD), plan(changed(OLD, "drain"), NEW))
    assert commands.index("set server web/t2 state ready") < commands.index("set server web/t1 state drain")
    assert "set server web/t2 addr 127.9.20.11 port 8080" in commands


def test_a_server_that_a_reload_wrote_down_can_be_told_to_serve() -> None:
    waiting = plan(changed(NEW, "maint"))
    assert "server t2 127.9.20.11:8080 disabled" in render(waiting)
    assert server_commands(waiting, plan(NEW))[-1] == "set server web/t2 state ready"
    ending = plan(changed(OLD, "drain"))
    assert "server t1 127.9.20.10:8080 weight 0" in render(ending)
    assert "set server web/t1 weight 1" in server_commands(ending, plan(OLD))


def test_a_server_that_is_gone_gets_nothing() -> None:
    assert server_commands(plan(OLD, NEW), plan(NEW)) == ["set server web/t1 state maint"]
    assert server_commands(plan(OLD), plan(OLD)) == []


def test_weights_become_shares_of_a_thousand() -> None:
    def of(*routes: tuple[str, int]) -> list[str]:
        return shares(Entrance("web-80", "127.9.0.10", 80, routes))

    assert of(("blue", 80), ("green", 20)) == ["0:799 blue", "800:999 green"]
    assert of(("blue", 0), ("green", 1)) == ["0:999 green"]
    assert of(("a", 1), ("b", 1), ("c", 1)) == ["0:332 a", "333:666 b", "667:999 c"]
    assert of(("blue", 0), ("green", 0)) == []


def test_a_group_without_a_healthy_target_fails_open() -> None:
    assert modes(["healthy", "unhealthy", "draining", "initial"]) == ["ready", "maint", "drain", "maint"]
    assert modes(["unhealthy", "unhealthy", "initial"]) == ["ready", "ready", "maint"]


def test_only_what_listens_needs_a_reload() -> None:
    fixed = Entrance("web-80", "127.9.0.10", 80, (), Fixed(503, "text/plain", 'it is "closed"'))
    assert plan(OLD).shape() == plan(NEW).shape()
    assert Plan((fixed,)).shape() != plan().shape()
    assert 'status 503 content-type "text/plain" string "it is \\"closed\\""' in render(Plan((fixed,)))
