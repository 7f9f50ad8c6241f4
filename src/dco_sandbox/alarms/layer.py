"""The alarm layer: load balancers' metrics are measured minute by minute, and alarms evaluated at each minute's end."""

import time
from collections.abc import Mapping
from pathlib import Path

from dco_sandbox.alarms import api, measure, states, store
from dco_sandbox.elb import haproxy, plan, targets
from dco_sandbox.runtime import Runtime

_LOOKS = 4
"""How often within a minute the targets are counted."""
_AT_ONCE = 8 * 1024 * 1024
_GONE = ("draining", "unused")


class AlarmLayer:
    """CloudWatch metrics of load balancers, and alarms that ring.

    Holds the looks at targets of the present minute only. How far HAProxy's log was read is kept with the metrics
    that came of it, so that a daemon started again counts every request once.
    """

    def __init__(self) -> None:
        self._number: int | None = None
        self._look_at = 0.0
        self._hosts: measure.Minute = {}

    def install(self, runtime: Runtime) -> None:
        """Put the live calls in the place of moto's."""
        api.install(runtime)

    def tick(self, runtime: Runtime) -> None:
        """Count targets when that is due, and at the end of a minute measure and evaluate; else do nothing."""
        now, minute = time.time(), runtime.world.minute_seconds
        number = int(now // minute)
        if now >= self._look_at:
            self._look_at = now + minute / _LOOKS
            self._count_hosts(runtime)
        if self._number is not None and number > self._number:
            self._end_minute(runtime, number * minute)
        self._number = number

    def _count_hosts(self, runtime: Runtime) -> None:
        with runtime.lock:
            for group in targets.backend(runtime.world).target_groups.values():
                registered = [item.state for item in targets.known(group).values() if item.state not in _GONE]
                if not registered:
                    continue
                for balancer in group.load_balancer_arns:
                    measure.add_hosts(self._hosts, (_suffix(balancer), _suffix(group.arn)), registered)

    def _end_minute(self, runtime: Runtime, now: float) -> None:
        """Put what the minute that ended at `now` came to, then evaluate. The log is read outside the lock."""
        minute, self._hosts = self._hosts, {}
        with runtime.lock:
            moto = store.backend(runtime.world)
            begin = int(vars(moto).get("live_log_offset", 0))
            balancers, groups = _names(runtime)
        new = _read(runtime, begin)
        measured = measure.of_log(new.decode(errors="replace").splitlines(), balancers, groups)
        length = runtime.world.minute_seconds
        with runtime.lock:
            store.put(moto, {**minute, **measured}, now - length, length)
            vars(moto)["live_log_offset"] = begin + len(new)
            # A world in which nothing goes on writes nothing: healthy targets alone are not worth it.
            if measured or _unhealthy(minute):
                runtime.touch("cloudwatch")
            for alarm in list(moto.alarms.values()):
                states.look(runtime, alarm, now)


def _read(runtime: Runtime, begin: int) -> bytes:
    """Return HAProxy's whole lines from an offset on; a great many are left for the next minute."""
    child = runtime.processes.last(haproxy.NAME)
    path = child.log if child is not None else Path()
    if not path.is_file() or path.stat().st_size <= begin:
        return b""
    with path.open("rb") as log:
        log.seek(begin)
        new = log.read(_AT_ONCE)
    return new[: new.rfind(b"\n") + 1]


def _names(runtime: Runtime) -> tuple[dict[str, str], dict[str, str]]:
    """Return what HAProxy's names of listeners and target groups stand for. Needs the lock."""
    moto = targets.backend(runtime.world)
    balancers = {
        plan.entrance_name(balancer, listener): _suffix(balancer.arn)
        for balancer in moto.load_balancers.values()
        for listener in balancer.listeners.values()
    }
    return balancers, {group.name: _suffix(group.arn) for group in moto.target_groups.values()}


def _suffix(arn: str) -> str:
    """Return the part of an ARN that is a dimension: `app/name/id`, `targetgroup/name/id`."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


def _unhealthy(minute: Mapping[tuple[str, measure.Dimensions], measure.Tally]) -> bool:
    return any(metric == "UnHealthyHostCount" and any(tally.counts) for (metric, _), tally in minute.items())
