"""The minute queue: carries accounts from the ledger's outbox to the search database, at least once."""

from typing import Any, LiteralString

from neo4j import AsyncManagedTransaction

from ledger.day import begin_queue, end_queue
from ledger.graphs import Graph, Work

BATCH = 500
# A turn that lasts longer than this was left by a task that was killed.
LONGEST_TURN_SECONDS = 30.0

WAITING = "MATCH (o:Outbox) RETURN o.account AS id, o.handle AS handle LIMIT $batch"
COPY = "UNWIND $rows AS row MERGE (e:Entry {id: row.id}) SET e.handle = row.handle"
DONE = "MATCH (o:Outbox) WHERE o.account IN $ids DELETE o"


async def carry(ledger: Graph, search: Graph, owner: str, seconds: float) -> int:
    """Empty the outbox into search, flagged on the Daynode meanwhile; return how many accounts were carried.

    Search first, then the outbox: a queue that dies between copies the same again, which changes nothing.
    """
    if not await begin_queue(ledger, owner, max(LONGEST_TURN_SECONDS, seconds)):
        return 0
    carried = 0
    try:
        while rows := await ledger.read(_waiting):
            await search.write(_statement(COPY, rows=rows))
            await ledger.write(_statement(DONE, ids=[row["id"] for row in rows]))
            carried += len(rows)
    finally:
        await end_queue(ledger, owner)
    return carried


async def _waiting(tx: AsyncManagedTransaction) -> list[dict[str, Any]]:
    return await (await tx.run(WAITING, batch=BATCH)).data()


def _statement(text: LiteralString, **parameters: Any) -> Work[None]:
    async def work(tx: AsyncManagedTransaction) -> None:
        await (await tx.run(text, parameters)).consume()

    return work
