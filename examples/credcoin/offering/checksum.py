"""Checksums over the whole ledger that do not depend on the order in which it is read."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from neo4j import AsyncManagedTransaction

from ledger.graphs import Graph

ACCOUNTS = "MATCH (a:Account) RETURN 'account' AS kind, a.id AS id, a.handle AS handle, a.balance AS balance"
CREDEXES = """
MATCH (f:Account)<-[:FROM]-(c:Credex)-[:TO]->(t:Account)
RETURN 'credex' AS kind, c.id AS id, f.id AS from, t.id AS to, c.amount AS amount, c.due AS due, c.status AS status
"""
MODULUS = 2**256
READ_SECONDS = 600.0


@dataclass(frozen=True)
class Sums:
    """Sums of SHA-256 over rows, in hexadecimal.

    `checksum` is over every row as it was read. `settled` is over cleared credexes and accounts that they moved:
    only an offering changes these, so two readings between offerings agree even while writes go on.
    """

    credexes: int
    checksum: str
    settled: str


async def checksum(ledger: Graph) -> Sums:
    """Read the whole ledger in one pass and sum it up."""
    return await ledger.read(_sum_up, READ_SECONDS)


async def _sum_up(tx: AsyncManagedTransaction) -> Sums:
    everything = settled = credexes = 0
    for question in (ACCOUNTS, CREDEXES):
        async for row in await tx.run(question):
            facts = row.data()
            number = digest(facts)
            everything = (everything + number) % MODULUS
            if facts.get("balance") or facts.get("status") == "cleared":
                settled = (settled + number) % MODULUS
            credexes += facts["kind"] == "credex"
    return Sums(credexes, f"{everything:064x}", f"{settled:064x}")


def digest(facts: dict[str, Any]) -> int:
    """Map one row to a number, the same for the same facts."""
    return int.from_bytes(hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).digest())
