"""Health checks: real HTTP requests beside the loop, and what their outcomes make of a target.

Follows Elastic Load Balancing's "Health checks for Application Load Balancer target groups": a new target is
healthy after one success, and afterwards the thresholds count consecutive outcomes.
"""

import http.client
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from moto.elbv2.models import FakeTargetGroup

from dco_sandbox.elb.targets import Target, TargetState, backend, known
from dco_sandbox.world import World

_SOONEST = 0.25
_INITIAL = 0.4


@dataclass(frozen=True)
class Check:
    """How a group is checked; `interval` is in real seconds, sped up with the world's minutes."""

    path: str
    port: int | None
    codes: str
    interval: float
    timeout: float
    healthy: int
    unhealthy: int


@dataclass(frozen=True)
class Outcome:
    """What a probe got: a status code, or why there was none (`Target.Timeout`, `Target.FailedHealthChecks`)."""

    code: int | None
    reason: str | None = None


class Prober:
    """Probes targets in threads; outcomes are collected in a later tick. Holds nothing that must survive."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=12, thread_name_prefix="probe")
        self._running: dict[tuple[Target, float], Future[Outcome]] = {}

    def tick(self, world: World, moment: float) -> bool:
        """Take outcomes in and send what is due; say whether a target's state changed. Needs the lock."""
        before = self._states(world)
        for arn, group in backend(world).target_groups.items():
            check = check_of(group, world.minute_seconds / 60)
            for key, item in known(group).items():
                if item.state in ("initial", "healthy", "unhealthy"):
                    self._handle(((arn, *key), item.registered), item, check, moment)
        return self._states(world) != before

    def _handle(self, identity: tuple[Target, float], item: TargetState, check: Check, moment: float) -> None:
        running = self._running.get(identity)
        if running is not None:
            if not running.done():
                return
            del self._running[identity]
            judge(item, running.result(), check, moment)
        if moment >= item.probe_at:
            pace = min(_INITIAL, check.interval) if item.state == "initial" else check.interval
            item.probe_at = moment + pace
            self._running[identity] = self._threads.submit(probe, item.address, check.port or item.port, check)

    @staticmethod
    def _states(world: World) -> list[tuple[str, str | None]]:
        groups = backend(world).target_groups.values()
        return [(item.state, item.description) for group in groups for item in known(group).values()]


def check_of(group: FakeTargetGroup, second: float) -> Check:
    """Return how a group is checked, with `second` real seconds for each one configured."""
    port = str(group.health_check_port or "traffic-port")
    interval = max(_SOONEST, float(group.health_check_interval_seconds) * second)
    return Check(
        path=group.health_check_path or "/",
        port=int(port) if port.isdigit() else None,
        codes=str((group.matcher or {}).get("HttpCode") or "200"),
        interval=interval,
        timeout=max(1.0, min(float(group.health_check_timeout_seconds), 5.0)),
        healthy=int(group.healthy_threshold_count),
        unhealthy=int(group.unhealthy_threshold_count),
    )


def probe(address: str, port: int, check: Check) -> Outcome:
    """Send one health check, and say what came back."""
    connection = http.client.HTTPConnection(address, port, timeout=check.timeout)
    try:
        connection.request("GET", check.path, headers={"User-Agent": "ELB-HealthChecker/2.0"})
        return Outcome(connection.getresponse().status)
    except TimeoutError:
        return Outcome(None, "Target.Timeout")
    except (OSError, http.client.HTTPException):
        return Outcome(None, "Target.FailedHealthChecks")
    finally:
        connection.close()


def judge(item: TargetState, outcome: Outcome, check: Check, moment: float) -> None:
    """Note an outcome. API reference, TargetHealth: states, reasons and descriptions."""
    if item.state not in ("initial", "healthy", "unhealthy"):
        return
    if outcome.code is not None and matches(outcome.code, check.codes):
        item.good, item.bad = item.good + 1, 0
        if item.state == "initial" or item.good >= check.healthy:
            item.state, item.reason, item.description = "healthy", None, None
        return
    item.good, item.bad = 0, item.bad + 1
    if item.state == "initial":
        item.reason, item.description = "Elb.InitialHealthChecking", "Initial health checks in progress"
        if moment - item.registered < check.unhealthy * check.interval:
            return
    if item.bad >= check.unhealthy:
        item.state, item.reason, item.description = "unhealthy", *_why(outcome)


def matches(code: int, codes: str) -> bool:
    """Say whether a status code is in a matcher such as `200-299,302`."""
    for part in codes.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= code <= int(high or low):
            return True
    return False


def _why(outcome: Outcome) -> tuple[str, str]:
    if outcome.code is not None:
        return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{outcome.code}]"
    text = "Request timed out" if outcome.reason == "Target.Timeout" else "Health checks failed"
    return str(outcome.reason), text
