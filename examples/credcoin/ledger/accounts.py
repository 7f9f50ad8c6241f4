"""Accounts: opening one, its balance, and finding it in the search database."""

import uuid
from typing import Any

from neo4j import AsyncManagedTransaction
from neo4j.exceptions import ConstraintError

from ledger.errors import RefusedError
from ledger.graphs import Graph, Work
from ledger.once import Answer, Effect

# The outbox row is part of the same transaction: the queue carries it to the search database.
OPEN = """
MATCH (d:Daynode {current: true})
CREATE (a:Account {id: $id, handle: $handle, key: $key, balance: 0, day: d.date})
CREATE (:Outbox {account: $id, handle: $handle})
RETURN a.id AS id, a.handle AS handle, a.day AS day
"""
# One pass over the credexes: one that is cleared meanwhile counts the same, so the sum is exact at any time.
BALANCE = """
MATCH (a:Account {id: $id})
OPTIONAL MATCH (a)-[r:FROM|TO]-(c:Credex) WHERE c.status IN ['accepted', 'cleared']
RETURN a.id AS id, a.handle AS handle, a.balance AS cleared,
       sum(CASE type(r) WHEN 'TO' THEN c.amount WHEN 'FROM' THEN -c.amount ELSE 0 END) AS balance
"""
FIND = "MATCH (e:Entry) WHERE e.handle STARTS WITH $q RETURN e.id AS id, e.handle AS handle ORDER BY handle LIMIT 20"


def opening(handle: str, key: str) -> Effect:
    """Open an account with this handle; 409 when it is taken."""

    async def effect(tx: AsyncManagedTransaction) -> Answer:
        try:
            row = await (await tx.run(OPEN, id=str(uuid.uuid4()), handle=handle, key=key)).single(strict=True)
        except ConstraintError:
            raise RefusedError(409, f"The handle {handle} is taken.", "Choose another one.") from None
        return Answer(201, row.data())

    return effect


async def read_balance(ledger: Graph, account: str) -> dict[str, Any]:
    """Return id, handle, `cleared` (booked by offerings) and `balance` (that and what was accepted since)."""

    async def work(tx: AsyncManagedTransaction) -> dict[str, Any] | None:
        row = await (await tx.run(BALANCE, id=account)).single()
        return row.data() if row else None

    found = await ledger.read(work)
    if found is None:
        raise RefusedError(404, f"There is no account {account}.", "Look for it with GET /search?q=….")
    return found


async def find_accounts(search: Graph, prefix: str) -> list[dict[str, Any]]:
    """Return up to 20 accounts whose handle starts with `prefix`, as the search database knows them."""
    return await search.read(_finding(prefix))


def _finding(prefix: str) -> Work[list[dict[str, Any]]]:
    async def work(tx: AsyncManagedTransaction) -> list[dict[str, Any]]:
        return await (await tx.run(FIND, q=prefix)).data()

    return work
