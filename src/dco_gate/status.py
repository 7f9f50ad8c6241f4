"""What a gate says about one of its databases."""

import msgspec

from dco_gate.database import Running
from dco_gate.switching import Switching


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Who serves, what is held, and where the sessions are. `held` names the switch, also while it still drains."""

    serving: str
    switch: str | None
    held: str | None
    held_seconds: float
    until: float | None
    owns: bool
    versions: tuple[str, ...] | None
    sessions: int
    behind: int
    waiting: int
    standbys: int
    moved: int
    failed: int
    transactions: int
    transaction_seconds: float
    running: tuple[Running, ...]


def status_of(switching: Switching) -> Status:
    """Look at a database."""
    database, state = switching.database, switching.state
    hold = state.hold
    versions = None if state.versions is None else tuple(f"{major}.{minor}" for major, minor in state.versions)
    return Status(
        serving=database.serving.uri,
        switch=state.switch,
        held=hold.switch if hold is not None else "draining" if database.held else None,
        held_seconds=round(database.held_seconds, 3),
        until=hold.until if hold is not None else None,
        owns=switching.owns,
        versions=versions,
        sessions=len(database.sessions),
        behind=database.moved_by_now.later,
        waiting=sum(one.waits for one in database.sessions),
        standbys=sum(one.standby_ready for one in database.sessions),
        moved=database.count.moved,
        failed=database.count.failed,
        transactions=database.count.transactions,
        transaction_seconds=round(database.count.transaction_seconds, 6),
        running=database.running,
    )
