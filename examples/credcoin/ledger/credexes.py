"""Credexes: a promise of an amount from one account to another, first offered, then accepted."""

import uuid

from neo4j import AsyncManagedTransaction

from ledger.errors import RefusedError
from ledger.once import Answer, Effect

ISSUE = """
MATCH (d:Daynode {current: true})
MATCH (f:Account {id: $from}), (t:Account {id: $to})
CREATE (c:Credex {id: $id, key: $key, amount: $amount, status: 'offered', due: d.date, day: d.date})
CREATE (c)-[:FROM]->(f), (c)-[:TO]->(t)
RETURN c.id AS id, f.id AS from, t.id AS to, c.amount AS amount, c.status AS status, c.due AS due, c.day AS day
"""
# Writing to the credex takes its lock: of two that accept at once, the second sees what the first did.
LOCK = "MATCH (c:Credex {id: $id}) SET c.locked = true REMOVE c.locked RETURN c.id"
ACCEPT = """
MATCH (c:Credex {id: $id}), (d:Daynode {current: true})
WHERE c.status = 'offered'
SET c.status = 'accepted', c.accept_key = $key, c.accept_day = d.date
RETURN c.id AS id, c.amount AS amount, c.status AS status, c.due AS due
"""


def issuing(source: str, target: str, amount: int, key: str) -> Effect:
    """Offer `amount` (minor units) from one account to another; 404 when either does not exist."""

    async def effect(tx: AsyncManagedTransaction) -> Answer:
        facts = {"from": source, "to": target, "amount": amount, "id": str(uuid.uuid4()), "key": key}
        row = await (await tx.run(ISSUE, facts)).single()
        if row is None:
            raise RefusedError(
                404, f"One of the accounts {source} and {target} does not exist.", "Open both accounts first."
            )
        return Answer(201, row.data())

    return effect


def accepting(credex: str, key: str) -> Effect:
    """Accept an offered credex; 404 when there is none, 409 when it was accepted before."""

    async def effect(tx: AsyncManagedTransaction) -> Answer:
        if await (await tx.run(LOCK, id=credex)).single() is None:
            raise RefusedError(404, f"There is no credex {credex}.", "Issue it with POST /credexes.")
        row = await (await tx.run(ACCEPT, id=credex, key=key)).single()
        if row is None:
            raise RefusedError(409, f"Credex {credex} was accepted before.", "Nothing is left to do.")
        return Answer(200, row.data())

    return effect
