"""What the gate has counted since it was started."""

from dataclasses import dataclass


@dataclass
class Counts:
    """Counters of one database; only ever more, but for `longest_hold_seconds`."""

    sessions: int = 0
    moved: int = 0
    failed: int = 0
    refused: int = 0
    malformed: int = 0
    fenced: int = 0
    holds: int = 0
    transactions: int = 0
    transaction_seconds: float = 0.0
    hold_seconds: float = 0.0
