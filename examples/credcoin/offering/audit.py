"""The audit: whether the books add up. Balances change only by clearing, so it is exact while writes go on."""

from dataclasses import dataclass
from typing import Any, LiteralString

from neo4j import AsyncManagedTransaction

from ledger.errors import UnsoundError
from ledger.graphs import Graph, Work

TOTAL = "MATCH (a:Account) RETURN count(a) AS accounts, coalesce(sum(a.balance), 0) AS sum"
# Each question finds what must not be there; its sentence is said when it does.
FAULTS: dict[LiteralString, str] = {
    """
    MATCH (c:Credex)
    WHERE COUNT { (c)-[:FROM]->(:Account) } <> 1 OR COUNT { (c)-[:TO]->(:Account) } <> 1
    RETURN c.id AS id LIMIT 3
    """: "Credexes without exactly one account on each side",
    """
    MATCH (c:Credex)
    WHERE NOT c.status IN ['offered', 'accepted', 'cleared'] OR NOT c.amount IS :: INTEGER NOT NULL OR c.amount <= 0
    RETURN c.id AS id LIMIT 3
    """: "Credexes with an unknown status or without a positive amount",
    """
    MATCH (a:Account)
    OPTIONAL MATCH (a)-[r:FROM|TO]-(c:Credex {status: 'cleared'})
    WITH a, sum(CASE type(r) WHEN 'TO' THEN c.amount WHEN 'FROM' THEN -c.amount ELSE 0 END) AS booked
    WHERE a.balance <> booked
    RETURN a.id AS id LIMIT 3
    """: "Accounts whose balance is not the sum of their cleared credexes",
}


@dataclass(frozen=True)
class Books:
    """An audit that found nothing wrong."""

    accounts: int


async def audit(ledger: Graph) -> Books:
    """Return the audited books; raise UnsoundError with everything that is off."""
    total = await ledger.read(_total)
    faults = [f"The balances sum to {total['sum']} instead of 0"] if total["sum"] else []
    for question, sentence in FAULTS.items():
        if found := await ledger.read(_asking(question)):
            faults.append(f"{sentence}: {', '.join(found)}")
    if faults:
        raise UnsoundError(
            "The ledger is not sound. " + ". ".join(faults) + ".",
            "Compare with the last good backup; the day stays open until the books add up.",
        )
    return Books(total["accounts"])


async def _total(tx: AsyncManagedTransaction) -> dict[str, Any]:
    return (await (await tx.run(TOTAL)).single(strict=True)).data()


def _asking(question: LiteralString) -> Work[list[str]]:
    async def work(tx: AsyncManagedTransaction) -> list[str]:
        return [str(row["id"]) async for row in await tx.run(question)]

    return work
