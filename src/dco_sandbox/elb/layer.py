"""The load balancer layer: targets are followed and probed, and HAProxy is kept at what they ask for."""

import time

from dco_sandbox.elb import api, haproxy, plan
from dco_sandbox.elb.probe import Prober
from dco_sandbox.elb.targets import TargetState, backend, delay, follow, known
from dco_sandbox.runtime import Runtime

_LEAST_DRAIN = 0.3


class ElbLayer:
    """Application Load Balancers that carry requests."""

    def __init__(self) -> None:
        self._prober = Prober()
        self._haproxy = haproxy.Haproxy()

    def install(self, runtime: Runtime) -> None:
        """Put the live calls in the place of moto's."""
        api.install(runtime)

    def tick(self, runtime: Runtime) -> None:
        """Follow registrations, probe, tell HAProxy, end drains. HAProxy is spoken to outside the lock."""
        moment = time.time()
        with runtime.lock:
            changed = follow(runtime.world, moment)
            changed |= self._prober.tick(runtime.world, moment)
            wanted = plan.of_world(runtime.world)
            drains = any(item.state == "draining" for item in _all(runtime))
        self._haproxy.apply(runtime, wanted)
        busy = self._busy(runtime, wanted) if drains else {}
        with runtime.lock:
            if self._haproxy.follows(wanted):
                changed |= _note_served(runtime, wanted)
            changed |= _end_drains(runtime, busy, moment)
            if changed:
                runtime.touch("elbv2")

    def _busy(self, runtime: Runtime, wanted: plan.Plan) -> dict[tuple[str, int], int] | None:
        """Return the open requests of each server, None while HAProxy may still send it new ones."""
        if not wanted.entrances or runtime.processes.find(haproxy.NAME) is None:
            return {}
        if not self._haproxy.follows(wanted):
            return None
        try:
            return haproxy.open_requests(runtime.world.sandbox / haproxy.NAME)
        except OSError:
            return None


def _all(runtime: Runtime) -> list[TargetState]:
    groups = backend(runtime.world).target_groups.values()
    return [item for group in groups for item in known(group).values()]


def _note_served(runtime: Runtime, followed: plan.Plan) -> bool:
    """Note which targets requests are sent to; say whether there are new ones."""
    ready = {
        (pool.name, server.slot, server.address)
        for pool in followed.pools
        for server in pool.servers
        if server.mode == "ready"
    }
    new = False
    for group in backend(runtime.world).target_groups.values():
        for item in known(group).values():
            if not item.served and (group.name, item.slot, item.address) in ready:
                item.served = new = True
    return new


def _end_drains(runtime: Runtime, busy: dict[tuple[str, int], int] | None, moment: float) -> bool:
    """Forget targets that have drained. Follows "Deregistration delay": at once when nothing is in flight.

    A short while always passes, so that a request just on its way to the target is seen. With `busy` None, and when
    draining was made slow, only the end of the delay counts.
    """
    slowed = runtime.drain_seconds
    ended = False
    for group in backend(runtime.world).target_groups.values():
        for key, item in list(known(group).items()):
            if item.state != "draining":
                continue
            since = moment - (item.drains_since or item.registered)
            idle = slowed is None and busy is not None and not busy.get((group.name, item.slot))
            if (idle and since >= _LEAST_DRAIN) or since >= delay(group, slowed):
                del known(group)[key]
                ended = True
    return ended
