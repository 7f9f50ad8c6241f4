"""A write with a key takes effect once: its key, its effect and its answer are one transaction."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from neo4j import AsyncManagedTransaction

from ledger.errors import RefusedError
from ledger.graphs import Graph, Work

# The unique constraint makes a second writer of the same key wait here until the first has ended.
CLAIM = """
MERGE (w:Write {key: $key}) ON CREATE SET w.request = $request, w.at = datetime()
RETURN w.request AS request, w.status AS status, w.answer AS answer
"""
KEEP = "MATCH (w:Write {key: $key}) SET w.status = $status, w.answer = $answer"


@dataclass(frozen=True)
class Answer:
    """What a write answered: HTTP status, JSON body, and whether it is the answer of an earlier call."""

    status: int
    body: dict[str, Any]
    repeated: bool = False


Effect = Callable[[AsyncManagedTransaction], Awaitable[Answer]]


def fingerprint(action: str, body: dict[str, Any]) -> str:
    """Tell requests apart by meaning: the action and its body, whatever the order of keys."""
    return hashlib.sha256(json.dumps([action, body], sort_keys=True).encode()).hexdigest()


async def write_once(graph: Graph, key: str, request: str, effect: Effect) -> Answer:
    """Do `effect`, or return the answer that the same key had; a refusal keeps no key.

    Raises RefusedError (422) when the key was used for another request.
    """
    return await graph.write(_claimed(key, request, effect))


def _claimed(key: str, request: str, effect: Effect) -> Work[Answer]:
    async def work(tx: AsyncManagedTransaction) -> Answer:
        claim = await (await tx.run(CLAIM, key=key, request=request)).single(strict=True)
        if claim["request"] != request:
            raise RefusedError(
                422,
                "This Idempotency-Key was used for another request.",
                "Make a new key for each new request.",
            )
        if claim["answer"] is not None:
            return Answer(claim["status"], json.loads(claim["answer"]), repeated=True)
        answer = await effect(tx)
        await (await tx.run(KEEP, key=key, status=answer.status, answer=json.dumps(answer.body))).consume()
        return answer

    return work
