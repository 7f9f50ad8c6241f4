"""What both databases are made of. Creating it looks first, so that a start against a made one only reads."""

from typing import LiteralString

from neo4j import AsyncManagedTransaction

from ledger.graphs import Graph, Work

LEDGER: dict[str, LiteralString] = {
    "account_id": "CREATE CONSTRAINT account_id IF NOT EXISTS FOR (a:Account) REQUIRE a.id IS UNIQUE",
    "account_handle": "CREATE CONSTRAINT account_handle IF NOT EXISTS FOR (a:Account) REQUIRE a.handle IS UNIQUE",
    "credex_id": "CREATE CONSTRAINT credex_id IF NOT EXISTS FOR (c:Credex) REQUIRE c.id IS UNIQUE",
    "write_key": "CREATE CONSTRAINT write_key IF NOT EXISTS FOR (w:Write) REQUIRE w.key IS UNIQUE",
    "daynode_date": "CREATE CONSTRAINT daynode_date IF NOT EXISTS FOR (d:Daynode) REQUIRE d.date IS UNIQUE",
    "calendar_name": "CREATE CONSTRAINT calendar_name IF NOT EXISTS FOR (k:Calendar) REQUIRE k.name IS UNIQUE",
    "credex_status": "CREATE INDEX credex_status IF NOT EXISTS FOR (c:Credex) ON (c.status, c.due)",
    "account_key": "CREATE INDEX account_key IF NOT EXISTS FOR (a:Account) ON (a.key)",
    "credex_key": "CREATE INDEX credex_key IF NOT EXISTS FOR (c:Credex) ON (c.key)",
    "credex_accept_key": "CREATE INDEX credex_accept_key IF NOT EXISTS FOR (c:Credex) ON (c.accept_key)",
    "outbox_account": "CREATE INDEX outbox_account IF NOT EXISTS FOR (o:Outbox) ON (o.account)",
}
SEARCH: dict[str, LiteralString] = {
    "entry_id": "CREATE CONSTRAINT entry_id IF NOT EXISTS FOR (e:Entry) REQUIRE e.id IS UNIQUE",
    "entry_handle": "CREATE INDEX entry_handle IF NOT EXISTS FOR (e:Entry) ON (e.handle)",
}


async def create_schema(graph: Graph, wanted: dict[str, LiteralString]) -> None:
    """Create what is missing of `wanted`, one statement a transaction as Neo4j demands."""
    there = await graph.read(_names)
    for name, statement in wanted.items():
        if name not in there:
            await graph.write(_creation(statement))


async def _names(tx: AsyncManagedTransaction) -> set[str]:
    # An index carries its constraint's name, so that one question tells of both.
    return {row["name"] async for row in await tx.run("SHOW INDEXES YIELD name, state")}


def _creation(statement: LiteralString) -> Work[None]:
    async def create(tx: AsyncManagedTransaction) -> None:
        await (await tx.run(statement)).consume()

    return create
