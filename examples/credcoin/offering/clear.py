"""Clearing: what was accepted and is due is booked on both accounts, once."""

from dataclasses import dataclass

from neo4j import AsyncManagedTransaction

from ledger.graphs import Graph
from offering.hold import confirm

# Only what is not cleared yet is found, and status and balances change in one transaction: hence once.
BATCH = """
MATCH (c:Credex {status: 'accepted'}) WHERE c.due <= $day
WITH c LIMIT $batch
MATCH (f:Account)<-[:FROM]-(c)-[:TO]->(t:Account)
SET c.status = 'cleared', c.cleared_on = $day, f.balance = f.balance - c.amount, t.balance = t.balance + c.amount
RETURN count(c) AS cleared
"""
SUMMARY = """
MATCH (c:Credex {status: 'cleared'}) WHERE c.cleared_on = $day
RETURN count(c) AS cleared, coalesce(sum(c.amount), 0) AS cleared_amount
"""


@dataclass(frozen=True)
class Cleared:
    """What was cleared on one day, by however many runs: how many credexes, and their sum in minor units."""

    cleared: int
    cleared_amount: int


async def clear(ledger: Graph, day: str, run: str, batch: int) -> Cleared:
    """Clear everything due on `day`, a batch a transaction; raise OccupiedError when the run has lost its day."""

    async def one_batch(tx: AsyncManagedTransaction) -> int:
        await confirm(tx, run)
        return (await (await tx.run(BATCH, day=day, batch=batch)).single(strict=True))["cleared"]

    async def summary(tx: AsyncManagedTransaction) -> Cleared:
        return Cleared(**(await (await tx.run(SUMMARY, day=day)).single(strict=True)).data())

    while await ledger.write(one_batch):
        pass
    return await ledger.read(summary)
