"""What came of a load, as figures."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from dco_sandbox.traffic.choice import Action

KEPT_FAILURES = 200


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One request: when it was due and ended (seconds since the start), why it failed, which version answered."""

    action: Action
    write: bool
    due: float
    ended: float
    failure: str | None = None
    version: str | None = None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Latencies in milliseconds of requests that succeeded, from when each was due; 0 when there was none."""

    requests: int = 0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A request that failed, and when, in seconds since the start."""

    at: float
    action: Action
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A load in figures. `longest_gap_seconds` is the longest time in which no request succeeded."""

    started: str
    seconds: float
    requests: int
    failed: int
    acknowledged_writes: int
    requests_per_second: float
    longest_gap_seconds: float
    reads: Latency
    writes: Latency
    reasons: dict[str, int]
    versions: dict[str, int]
    failures: list[Failure]

    def sentence(self) -> str:
        """Say it in one line."""
        return (
            f"{self.requests} requests in {self.seconds:.1f} s, {self.failed} failed, "
            f"reads p95 {self.reads.p95_ms:.0f} ms, writes p95 {self.writes.p95_ms:.0f} ms, "
            f"longest gap {self.longest_gap_seconds:.2f} s, {self.acknowledged_writes} writes acknowledged"
        )


def summarise(outcomes: Sequence[Outcome], started: str, seconds: float) -> Report:
    """Turn outcomes into a report; of very many failures the first are kept one by one, all are counted."""
    good = [one for one in outcomes if one.failure is None]
    failures = [
        Failure(at=round(one.ended, 3), action=one.action, reason=one.failure) for one in outcomes if one.failure
    ]
    return Report(
        started=started,
        seconds=round(seconds, 3),
        requests=len(outcomes),
        failed=len(failures),
        acknowledged_writes=sum(one.write for one in good),
        requests_per_second=round(len(outcomes) / seconds, 2) if seconds else 0.0,
        longest_gap_seconds=round(longest_gap((one.ended for one in good), seconds), 3),
        reads=latency([one for one in good if not one.write]),
        writes=latency([one for one in good if one.write]),
        reasons=dict(Counter(one.reason for one in failures)),
        versions=dict(Counter(one.version for one in good if one.version)),
        failures=failures[:KEPT_FAILURES],
    )


def latency(outcomes: Sequence[Outcome]) -> Latency:
    """Give percentiles by the nearest rank."""
    if not outcomes:
        return Latency()
    taken = sorted(1000 * (one.ended - one.due) for one in outcomes)

    def rank(share: float) -> float:
        return round(taken[math.ceil(share * len(taken)) - 1], 2)

    return Latency(
        requests=len(taken), p50_ms=rank(0.5), p95_ms=rank(0.95), p99_ms=rank(0.99), max_ms=round(taken[-1], 2)
    )


def longest_gap(moments: Iterable[float], seconds: float) -> float:
    """Return the longest time between two moments, or between one and the start or the end."""
    marks = [0.0, *sorted(moments), seconds]
    return max(later - earlier for earlier, later in pairwise(marks))
