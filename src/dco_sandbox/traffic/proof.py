"""The proof: each acknowledged write is in the ledger exactly once, and none at all is there twice."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, LiteralString

import msgspec
from neo4j import GraphDatabase, ManagedTransaction

from dco_sandbox.traffic.choice import Action
from dco_sandbox.traffic.journal import Write, read_journal

BATCH = 1000
SHOWN = 5

# Asked with the idempotency keys; each row is one effect that is in the ledger.
EFFECTS: dict[Action, LiteralString] = {
    "open": "UNWIND $keys AS key MATCH (a:Account {key: key}) RETURN key, a.id AS id, a.handle AS handle",
    "issue": """
        UNWIND $keys AS key MATCH (c:Credex {key: key})
        OPTIONAL MATCH (c)-[:FROM]->(f:Account)
        OPTIONAL MATCH (c)-[:TO]->(t:Account)
        RETURN key, c.id AS id, f.id AS from, t.id AS to, c.amount AS amount
    """,
    "accept": """
        UNWIND $keys AS key MATCH (c:Credex {accept_key: key}) WHERE c.status IN ['accepted', 'cleared']
        RETURN key, c.id AS id, c.amount AS amount
    """,
}


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a journal's writes, by idempotency key.

    `unanswered` were sent and never acknowledged; `landed` of these are in the ledger nevertheless, which is allowed
    as long as it is once.
    """

    acknowledged: int
    unanswered: int
    landed: int
    missing: list[str]
    doubled: list[str]
    differing: list[str]

    @property
    def holds(self) -> bool:
        """Say whether every acknowledged write is there exactly once and as acknowledged, and none twice."""
        return not (self.missing or self.doubled or self.differing)

    def sentence(self) -> str:
        """Say it in one line."""
        if self.holds:
            return f"All {self.acknowledged} acknowledged writes are in the ledger exactly once."
        faults = {"missing": self.missing, "doubled": self.doubled, "differing": self.differing}
        told = [f"{len(keys)} {fault} ({', '.join(keys[:SHOWN])})" for fault, keys in faults.items() if keys]
        return f"Of {self.acknowledged} acknowledged writes: {'; '.join(told)}."


def prove(uri: str, auth: tuple[str, str], journal: Path) -> Proof:
    """Compare a journal with the ledger, over Bolt, past the application; raises the driver's errors."""
    writes = read_journal(journal)
    effects: dict[str, list[dict[str, Any]]] = {write.key: [] for write in writes}
    with GraphDatabase.driver(uri, auth=auth) as driver, driver.session() as session:
        for action, question in EFFECTS.items():
            keys = (write.key for write in writes if write.action == action)
            for some in _batches(keys):
                for row in session.execute_read(_ask, question, some):
                    effects[row.pop("key")].append(row)
    return judge(writes, effects)


def judge(writes: Sequence[Write], effects: dict[str, list[dict[str, Any]]]) -> Proof:
    """Compare writes with the effects found for each key."""
    answered = [write for write in writes if write.answer is not None]
    unanswered = [write for write in writes if write.answer is None]
    return Proof(
        acknowledged=len(answered),
        unanswered=len(unanswered),
        landed=sum(bool(effects[write.key]) for write in unanswered),
        missing=[write.key for write in answered if not effects[write.key]],
        doubled=[write.key for write in writes if len(effects[write.key]) > 1],
        differing=[write.key for write in answered if len(effects[write.key]) == 1 and _differs(write, effects)],
    )


def _differs(write: Write, effects: dict[str, list[dict[str, Any]]]) -> bool:
    answer = write.answer or {}
    return any(answer.get(name) != value for name, value in effects[write.key][0].items())


def _ask(tx: ManagedTransaction, question: LiteralString, keys: list[str]) -> list[dict[str, Any]]:
    return tx.run(question, keys=keys).data()


def _batches(keys: Iterator[str]) -> Iterator[list[str]]:
    while some := list(islice(keys, BATCH)):
        yield some
