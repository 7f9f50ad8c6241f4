"""Which request comes next: seeded, so that the same seed and answers give the same mix."""

import random
from typing import Any, Literal

import msgspec

Action = Literal["open", "issue", "accept", "balance", "search"]

# Few accounts hold many credexes: writers then meet on the same nodes, as they do in life.
ACCOUNTS_FIRST = 8
OPENING = 0.08
ACCEPTING = 0.45


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request to send; a write has an idempotency key."""

    action: Action
    method: Literal["GET", "POST"]
    path: str
    body: dict[str, Any] = {}
    key: str | None = None


class Mix:
    """Chooses calls, and learns from answers which accounts and offered credexes there are."""

    def __init__(self, seed: int, name: str) -> None:
        """`name` makes keys and handles differ from those of all other runs on the same ledger."""
        self._chance = random.Random(seed)  # noqa: S311 -- a mix of requests is no secret
        self._name = name
        self._number = 0
        self._accounts: list[str] = []
        self._offered: list[str] = []

    def read(self) -> Call:
        """Choose a read: mostly balances, else a search."""
        if self._accounts and self._chance.random() < 0.7:  # noqa: PLR2004 -- a share, not a limit
            return Call(action="balance", method="GET", path=f"/accounts/{self._chance.choice(self._accounts)}/balance")
        return Call(action="search", method="GET", path=f"/search?q={self._name[: self._chance.randint(1, 6)]}")

    def write(self) -> Call:
        """Choose a write: accounts first, then credexes and their acceptance, now and then one more account."""
        self._number += 1
        key = f"{self._name}-{self._number:06d}"
        if len(self._accounts) < ACCOUNTS_FIRST or self._chance.random() < OPENING:
            return Call(action="open", method="POST", path="/accounts", body={"handle": key}, key=key)
        if self._offered and self._chance.random() < ACCEPTING:
            # Taken off at once: nobody accepts a credex twice, whatever the answer.
            credex = self._offered.pop(self._chance.randrange(len(self._offered)))
            return Call(
                action="accept", method="POST", path=f"/credexes/{credex}/accept", body={"credex": credex}, key=key
            )
        source, target = self._chance.sample(self._accounts, 2)
        body = {"from": source, "to": target, "amount": self._chance.randint(1, 10_000)}
        return Call(action="issue", method="POST", path="/credexes", body=body, key=key)

    def learn(self, call: Call, answer: dict[str, Any]) -> None:
        """Take note of what an acknowledged write made."""
        if call.action == "open":
            self._accounts.append(answer["id"])
        elif call.action == "issue":
            self._offered.append(answer["id"])
