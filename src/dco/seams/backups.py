"""Backups of databases that are kept by the stream."""

from collections.abc import Callable
from typing import Protocol

from dco.model.backup import Listing, ProofWish, Restored, RestoreWish, StreamState, Verified
from dco.model.comparison import Comparison, Wish
from dco.model.finding import Finding

Say = Callable[[str], None]


class Backups(Protocol):
    """What the stream keeps. Every method raises a `DcoError` with what the stream said and what to do.

    A database that the stream does not keep is a `ConfigurationError`.
    """

    def states(self) -> dict[str, StreamState | None]:
        """Return how each database's stream stood when it said so last; None when none ever ran."""
        ...

    def examine(self, database: str) -> tuple[Finding, ...]:
        """Look at a database's server and its stream; changes nothing."""
        ...

    def listing(self, database: str) -> Listing:
        """Return what is kept, and which times can be restored."""
        ...

    def verify(self, database: str, since: str | None, share: float, say: Say) -> Verified:
        """Read everything that times from `since` on need, and compare it with what was written."""
        ...

    def ask_for_copy(self, database: str) -> None:
        """Ask the running stream for a new copy; it returns before that is made. May be called again."""
        ...

    def dump(self, database: str, data: str, neo4j: str, say: Say) -> None:
        """Keep a dump of a server on this machine that stands still. Raises `Refused` when it runs."""
        ...

    def pause(self, database: str, data: str, neo4j: str) -> str:
        """Say how long a server would stand still for a dump; takes none."""
        ...

    def load(self, database: str, dump: str, into: str, neo4j: str, say: Say) -> None:
        """Load a dump, by its name or the `latest`, into a data directory, and let Neo4j check it."""
        ...

    def compare(self, wish: Wish, say: Say) -> Comparison:
        """Compare two servers at one transaction, or refuse."""
        ...

    def restore(self, wish: RestoreWish, say: Say) -> Restored:
        """Make a data directory as of a moment, and prove it. Nothing that exists is written over."""
        ...

    def prove(self, wish: ProofWish, say: Say) -> Comparison:
        """Compare a follower, to which nobody carries, with a restore to the transaction at which it rests."""
        ...
