"""The Daynode: which day it is, and whether the offering or the minute queue is at work.

Whoever changes a Daynode takes the calendar's lock first, so that two of them never interleave.
"""

from datetime import UTC, date, datetime, timedelta

from neo4j import AsyncManagedTransaction

from ledger.graphs import Graph

CALENDAR = "MERGE (k:Calendar {name: 'credcoin'}) SET k.turn = coalesce(k.turn, 0) + 1"
FIRST = """
OPTIONAL MATCH (d:Daynode {current: true})
WITH d WHERE d IS NULL
CREATE (:Daynode {date: $today, current: true, offering: false, queue: false})
"""
QUEUE_BEGIN = """
MATCH (d:Daynode {current: true})
WHERE NOT d.queue OR coalesce(d.queue_until, 0) < timestamp()
SET d.queue = true, d.queue_by = $owner, d.queue_until = timestamp() + $lease
RETURN d.date AS date
"""
QUEUE_END = "MATCH (d:Daynode {queue: true, queue_by: $owner}) SET d.queue = false REMOVE d.queue_by, d.queue_until"


async def lock_calendar(tx: AsyncManagedTransaction) -> None:
    """Wait until nobody else changes a Daynode; holds until the transaction ends."""
    await (await tx.run(CALENDAR)).consume()


async def open_first_day(ledger: Graph) -> None:
    """Make today the current day if there is none yet."""

    async def work(tx: AsyncManagedTransaction) -> None:
        await lock_calendar(tx)
        await (await tx.run(FIRST, today=today().isoformat())).consume()

    await ledger.write(work)


async def begin_queue(ledger: Graph, owner: str, lease_seconds: float) -> bool:
    """Mark the current day's queue as in flight; False when another task's queue is at work.

    A mark whose lease has run out was left by a task that was killed, and is taken over.
    """

    async def work(tx: AsyncManagedTransaction) -> bool:
        await lock_calendar(tx)
        lease = int(lease_seconds * 1000)
        return await (await tx.run(QUEUE_BEGIN, owner=owner, lease=lease)).single() is not None

    return await ledger.write(work)


async def end_queue(ledger: Graph, owner: str) -> None:
    """Clear this owner's mark, on whichever day it is; may be called twice."""

    async def work(tx: AsyncManagedTransaction) -> None:
        await lock_calendar(tx)
        await (await tx.run(QUEUE_END, owner=owner)).consume()

    await ledger.write(work)


def today() -> date:
    """Today in UTC."""
    return datetime.now(UTC).date()


def day_after(day: str) -> str:
    """Name the day that follows `day`: the next one, or today if days were left out."""
    return max(date.fromisoformat(day) + timedelta(days=1), today()).isoformat()
