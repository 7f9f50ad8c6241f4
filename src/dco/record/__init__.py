"""What an environment's bucket remembers: journal, release record, quarantine, ballots, freezes, the lock, reports."""
