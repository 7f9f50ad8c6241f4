"""The values of a switch: what a hold asks for, what it confirms, and how it ended."""

import msgspec

from dco_gate import record
from dco_gate.database import Running
from dco_gate.errors import RefusedError
from dco_gate.record import Decision
from dco_gate.state import Candidates, Hold


class HoldOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a hold must know: its database, the pair's databases with their candidates, and two limits."""

    database: str
    switch: str
    candidates: dict[str, Candidates]
    drain_seconds: float
    time_box_seconds: float


class Held(msgspec.Struct, frozen=True):
    """A confirmed hold: nothing that may write is under way. `until` is the time box's end, in seconds since 1970."""

    switch: str
    drained_ms: float
    until: float


class Outcome(msgspec.Struct, frozen=True):
    """How a switch ended here: who serves, how many sessions are there, go there later or were lost, in what time."""

    switch: str
    winner: str
    serving: str
    there: int
    later: int
    failed: int
    record_ms: float
    move_ms: float


class StillRunningError(RefusedError):
    """Transactions outlasted the drain. The hold was given up."""

    def __init__(self, running: tuple[Running, ...]) -> None:
        named = "; ".join(f"{one.client} for {one.seconds:.1f} s: {one.query or '(text unknown)'}" for one in running)
        super().__init__(f"the hold was given up: still writing: {named}", "end these clients' transactions, try again")
        self.running = running


def proposal_of_blue(hold: Hold) -> Decision:
    """Give the decision that leaves everything as it is."""
    return Decision(
        switch=hold.switch,
        databases=tuple(hold.candidates),
        winner="blue",
        servers={name: one.blue for name, one in hold.candidates.items()},
        decided_at=record.now(),
    )
