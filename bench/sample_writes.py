"""The sample's own writes, as fast as a database takes them: `python bench/sample_writes.py ADDRESS PASSWORD COUNT`.

It needs examples/credcoin on the path. The mix is that of `dco_sandbox.traffic`, without the API between.
"""

import asyncio
import json
import sys

from dco_sandbox.traffic.choice import Call, Mix
from ledger import accounts, credexes, day, once, schema
from ledger.graphs import Graph
from ledger.once import Effect
from ledger.settings import Address

AT_A_TIME = 16


async def write(graph: Graph, count: int) -> None:
    """Make the schema, then so many writes, some at a time."""
    await schema.create_schema(graph, schema.LEDGER)
    await day.open_first_day(graph)
    mix = Mix(0, "bench")
    for call in [mix.write() for _ in range(8)]:
        await send(graph, mix, call)
    left = iter(range(count))

    async def one() -> None:
        for _ in left:
            await send(graph, mix, mix.write())

    async with asyncio.TaskGroup() as writers:
        for _ in range(AT_A_TIME):
            writers.create_task(one())


async def send(graph: Graph, mix: Mix, call: Call) -> None:
    """Do what the API does with a call."""
    key = str(call.key)
    request = once.fingerprint(call.action, call.body)
    answer = await once.write_once(graph, key, request, effect(call, key))
    mix.learn(call, json.loads(json.dumps(answer.body)))


def effect(call: Call, key: str) -> Effect:
    """Give what a call does in the database."""
    match call.action:
        case "open":
            return accounts.opening(call.body["handle"], key)
        case "issue":
            return credexes.issuing(call.body["from"], call.body["to"], call.body["amount"], key)
        case _:
            return credexes.accepting(call.body["credex"], key)


async def main(address: str, password: str, count: int) -> None:
    """Write, and leave."""
    graph = Graph(Address("ledger", f"bolt://{address}:7687", "neo4j", password), 60.0)
    try:
        await write(graph, count)
    finally:
        await graph.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
