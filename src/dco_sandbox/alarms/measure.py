"""What a minute of requests comes to: HAProxy's log, one line a request, as the metrics of load balancers. Pure.

The log and not HAProxy's counters: it tells each response time, which percentiles need, and goes on through
reloads and restarts, at which counters begin anew.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Dimensions = tuple[str, ...]
"""A load balancer's suffix alone, or with a target group's: the tail of their ARNs."""
NAMES = ("LoadBalancer", "TargetGroup")
"""The dimensions' names, in their order."""

# `%ft %b %s %ST %Tr %ts`, as the plan's `log-format` has it.
_LINE = re.compile(r"(\S+) (\S+) (\S+) (-?\d+) (-?\d+) (\S)\S")
_NOBODY = "<NOSRV>"
_OWN_ANSWER = "L"
_ERROR = 500


@dataclass
class Tally:
    """The values of one metric of one load balancer or target group within a minute, each with how often it came."""

    unit: str
    counts: Counter[float] = field(default_factory=Counter[float])


Minute = dict[tuple[str, Dimensions], Tally]
"""What was measured, by metric and dimensions."""


def of_log(lines: Iterable[str], balancers: Mapping[str, str], groups: Mapping[str, str]) -> Minute:
    """Return the metrics of the requests in a log; `balancers` and `groups` lead from HAProxy's names to suffixes.

    Follows "CloudWatch metrics for your Application Load Balancer": requests count when a target was chosen, a 5XX is
    the target's when the target answered at all, and what did not happen is not reported.
    """
    found: Minute = {}
    for line in lines:
        request = _LINE.fullmatch(line.strip())
        if request is None or request[1] not in balancers:
            continue
        balancer, group = balancers[request[1]], groups.get(request[2])
        status, milliseconds = int(request[4]), int(request[5])
        places: list[Dimensions] = [(balancer,)] if group is None else [(balancer,), (balancer, group)]
        if request[3] != _NOBODY:
            _count(found, "RequestCount", places, 1.0)
        if milliseconds >= 0:
            _count(found, "TargetResponseTime", places, milliseconds / 1000, "Seconds")
            if status >= _ERROR:
                _count(found, "HTTPCode_Target_5XX_Count", places, 1.0)
        elif status >= _ERROR and request[6] != _OWN_ANSWER:
            _count(found, "HTTPCode_ELB_5XX_Count", places[:1], 1.0)
    return found


def add_hosts(found: Minute, place: Dimensions, states: Iterable[str]) -> None:
    """Count a look at a target group: how many of its targets were healthy, and how many were not.

    Targets on their way in or out are neither. Follows "CloudWatch metrics for your Application Load Balancer".
    """
    known = list(states)
    _count(found, "HealthyHostCount", [place], float(known.count("healthy")))
    _count(found, "UnHealthyHostCount", [place], float(known.count("unhealthy")))


def _count(found: Minute, metric: str, places: Iterable[Dimensions], value: float, unit: str = "Count") -> None:
    for place in places:
        found.setdefault((metric, place), Tally(unit)).counts[value] += 1
