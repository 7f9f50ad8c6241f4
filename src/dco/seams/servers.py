"""Database servers with the plugin, spoken with directly."""

from collections.abc import Mapping
from typing import Any, Protocol

from dco.model.databases import Database
from dco.model.switch import Stand


class Server(Protocol):
    """One server. Every call may be made twice and by any thread.

    Raises `Unreadable` when the server does not answer, `StepFailed` with its sentence when it refuses, and
    `ConfigurationError` for a wrong key or password.
    """

    def stand(self, name: str, transaction: int = 0, seconds: float = 0.0) -> Stand:
        """Tell how one of its databases stands: when it has that transaction, or after so many seconds."""
        ...

    def fence(self, name: str, *, on: bool, reason: str) -> Stand:
        """Refuse every commit from now on, also after a restart, or let commits in again that were fenced for it.

        When it returns with `on` no commit is under way, and `transaction` is the last there will be. Refused, if it is
        fenced for another reason.
        """
        ...

    def promote(self, name: str, transaction: int, reason: str) -> Stand:
        """End following and let commits in. Refused unless all until that transaction is there, and for that reason.

        Does nothing to a database that is not fenced.
        """
        ...

    def hold(self, name: str, lease: str, seconds: int) -> None:
        """Hold checkpoints of one of its databases off for so long. Refused while somebody else's copy does."""
        ...

    def release(self, name: str, lease: str) -> bool:
        """End a hold, and tell whether it has lasted: what was copied meanwhile is no good otherwise."""
        ...

    def rehearse(self, cypher: str, parameters: Mapping[str, Any]) -> None:
        """Run a query as the application does, up to its commit: that the plugin refuses, whatever happens."""
        ...

    def query(self, cypher: str, parameters: Mapping[str, Any], *, undo: bool) -> list[dict[str, Any]]:
        """Run a query as the application does, in a transaction that is rolled back when `undo` says so."""
        ...

    def format(self) -> str:
        """Tell the kernel version in whose format transactions of its data are written."""
        ...

    def upgrade(self) -> str:
        """Let it write its own version's format, which no older server reads, and return that format's kernel version.

        Each database does so with its next transaction. Refused while it is fenced.
        """
        ...

    def version(self) -> str:
        """Tell the version of Neo4j."""
        ...


class Servers(Protocol):
    """Where servers are spoken with."""

    def at(self, database: Database, address: str) -> Server:
        """Return the server of a database at an address; nothing is asked yet, and connections are kept."""
        ...

    def close(self) -> None:
        """Close every connection. May be called twice."""
        ...
