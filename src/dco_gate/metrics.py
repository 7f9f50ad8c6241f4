"""What is watched: metrics in Prometheus's text format, and what makes a gate unhealthy."""

import time
from collections.abc import Mapping

from dco_gate.errors import UnreachableError
from dco_gate.switching import Switching

LATE_SECONDS = 5.0
"""How long after its time box a hold may be undecided until that is an alarm."""
METRICS = {
    "sessions": ("gauge", "Clients that are connected"),
    "waiting": ("gauge", "Clients whose requests are held back"),
    "behind": ("gauge", "Clients that are not yet with the server that serves"),
    "held": ("gauge", "1 while new writes are held"),
    "held_seconds": ("gauge", "For how long new writes have been held by now"),
    "holds_total": ("counter", "Holds that were begun"),
    "hold_seconds_total": ("counter", "How long writes were held, in all"),
    "transactions_total": ("counter", "Transactions that have ended"),
    "transaction_seconds_total": ("counter", "How long they took, in all"),
    "sessions_total": ("counter", "Clients that came in"),
    "moved_total": ("counter", "Sessions that went on with another server"),
    "failed_total": ("counter", "Sessions that no server took"),
    "refused_total": ("counter", "Clients that were sent away at the door"),
    "malformed_total": ("counter", "Connections that were no Bolt"),
    "fenced_total": ("counter", "Writes that a fenced server refused"),
}


def text(switchings: Mapping[str, Switching]) -> str:
    """Write all metrics."""
    values = {name: _values(one) for name, one in switchings.items()}
    lines: list[str] = []
    for metric, (kind, meaning) in METRICS.items():
        lines += [f"# HELP dco_gate_{metric} {meaning}.", f"# TYPE dco_gate_{metric} {kind}"]
        lines += [f'dco_gate_{metric}{{database="{name}"}} {found[metric]}' for name, found in values.items()]
    return "\n".join(lines) + "\n"


async def illnesses(switchings: Mapping[str, Switching]) -> list[str]:
    """Say what is wrong: a server that does not answer, a hold that nothing decides."""
    found: list[str] = []
    for name, one in switchings.items():
        hold = one.state.hold
        if hold is not None and time.time() > hold.until + LATE_SECONDS:
            found.append(f"{name} is held for switch {hold.switch}, past its time box: the record does not answer")
        try:
            await one.database.offered()
        except UnreachableError as error:
            found.append(str(error))
    return found


def _values(switching: Switching) -> dict[str, float]:
    database, count = switching.database, switching.database.count
    return {
        "sessions": len(database.sessions),
        "waiting": sum(one.waits for one in database.sessions),
        "behind": database.moved_by_now.later,
        "held": int(database.held),
        "held_seconds": round(database.held_seconds, 3),
        "holds_total": count.holds,
        "hold_seconds_total": round(count.hold_seconds + database.held_seconds, 3),
        "sessions_total": count.sessions,
        "moved_total": count.moved,
        "failed_total": count.failed,
        "refused_total": count.refused,
        "malformed_total": count.malformed,
        "fenced_total": count.fenced,
        "transactions_total": count.transactions,
        "transaction_seconds_total": round(count.transaction_seconds, 6),
    }
