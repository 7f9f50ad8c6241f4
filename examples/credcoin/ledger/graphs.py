"""A database as the rest of the sample sees it: managed transactions with a bounded wait."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from neo4j import AsyncDriver, AsyncGraphDatabase, AsyncManagedTransaction, unit_of_work
from neo4j.exceptions import AuthError, ClientError, DriverError, IncompleteCommit, Neo4jError

from ledger.errors import AwayError
from ledger.settings import Address

T = TypeVar("T")
Work = Callable[[AsyncManagedTransaction], Awaitable[T]]

HEALTH_SECONDS = 2.5
# The server ends a transaction before we give up on it: the locks of a client that vanished don't outlive our wait.
SERVER_SHARE = 2 / 3


class Graph:
    """One database. `write` may run its work several times, so the work must be exact when repeated."""

    def __init__(self, address: Address, patience_seconds: float) -> None:
        """Open no connection yet: a database that is away must not keep a task from starting."""
        self.name = address.name
        self._patience = patience_seconds
        self._driver: AsyncDriver = AsyncGraphDatabase.driver(
            address.uri,
            auth=(address.username, address.password),
            connection_timeout=3.0,
            connection_acquisition_timeout=patience_seconds,
            max_transaction_retry_time=patience_seconds,
            max_connection_lifetime=600,
            notifications_min_severity="OFF",
            telemetry_disabled=True,
        )

    async def read(self, work: Work[T], seconds: float | None = None) -> T:
        """Run `work` in a read transaction; raise AwayError when there is no answer in `seconds`."""
        limit = seconds or self._patience

        async def attempt() -> T:
            async with self._driver.session() as session:
                return await session.execute_read(unit_of_work(timeout=limit * SERVER_SHARE)(work))

        return await self._bounded(attempt, limit)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a write transaction; raise AwayError when it is not known to be committed."""

        async def attempt() -> T:
            while True:
                try:
                    async with self._driver.session() as session:
                        return await session.execute_write(unit_of_work(timeout=self._patience * SERVER_SHARE)(work))
                except IncompleteCommit:
                    # Committed or not, nobody can tell. Repeating is safe: every work of ours looks first.
                    continue

        return await self._bounded(attempt, self._patience)

    async def answers(self) -> None:
        """Raise AwayError unless the database answers a question now."""

        async def one(tx: AsyncManagedTransaction) -> None:
            await (await tx.run("RETURN 1")).consume()

        await self.read(one, HEALTH_SECONDS)

    async def close(self) -> None:
        """Close all connections."""
        await self._driver.close()

    async def _bounded(self, attempt: Callable[[], Awaitable[T]], seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await attempt()
        except TimeoutError:
            raise AwayError(self.name, f"no answer in {seconds:g} s") from None
        except (DriverError, Neo4jError) as error:
            if isinstance(error, ClientError) and not isinstance(error, AuthError) and not _is_late(error):
                raise  # our own mistake, and no other server would take it either
            raise AwayError(self.name, type(error).__name__) from error


def _is_late(error: Neo4jError) -> bool:
    """The server ends a transaction after the time that we gave it, and calls that a mistake of ours."""
    return (error.code or "").startswith("Neo.ClientError.Transaction.TransactionTimedOut")
