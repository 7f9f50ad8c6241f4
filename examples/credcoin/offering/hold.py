"""Holding the day: one run at a time, a dead run's day taken over, a run that lost its day stopped.

The run's name on the Daynode is the right to work on it. A run shows that it is alive by a beat that moves. Every
transaction that changes anything for the offering checks the name under the calendar's lock, so a run that was
only asleep while another took over can't do harm when it wakes.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from neo4j import AsyncManagedTransaction

from ledger.day import day_after, lock_calendar
from ledger.errors import LedgerError, OccupiedError, UnsoundError
from ledger.graphs import Graph, Work
from ledger.logs import say, warn

LOOKS = 5  # so many looks at another run's beat in one lease

STATE = """
MATCH (d:Daynode {current: true})
RETURN d.date AS date, d.offering AS offering, d.run AS run, d.beat AS beat, toString(d.began) AS began
"""
TAKE = """
MATCH (d:Daynode {current: true})
SET d.offering = true, d.run = $run, d.beat = 0, d.began = datetime() REMOVE d.failed
"""
BEAT = "MATCH (d:Daynode {current: true, offering: true, run: $run}) SET d.beat = d.beat + 1 RETURN d.date AS date"
LET_GO = """
MATCH (d:Daynode {current: true, offering: true, run: $run})
SET d.offering = false, d.failed = $why REMOVE d.run, d.beat
"""
# The queue's mark moves along: a queue in flight is in flight on whichever day is current.
TURN = """
MATCH (d:Daynode {current: true, offering: true, run: $run})
MERGE (n:Daynode {date: $following})
SET n.current = true, n.offering = false, n.queue = d.queue, n.queue_by = d.queue_by, n.queue_until = d.queue_until
SET d.current = false, d.offering = false, d.queue = false, d.closed_by = $token, d.report = $report,
    d.ended = datetime()
REMOVE d.run, d.beat, d.queue_by, d.queue_until
MERGE (d)-[:THEN]->(n)
"""
CLOSED = "MATCH (d:Daynode {closed_by: $token}) RETURN d.report AS report"


async def closed_by(ledger: Graph, token: str) -> dict[str, Any] | None:
    """Return the report of the day that this token closed, if it closed one."""

    async def work(tx: AsyncManagedTransaction) -> dict[str, Any] | None:
        row = await (await tx.run(CLOSED, token=token)).single()
        return json.loads(row["report"]) if row else None

    return await ledger.read(work)


async def hold(ledger: Graph, run: str, lease_seconds: float) -> str:
    """Take the current day for this run and return its date.

    When another run has it: raise OccupiedError as soon as its beat moves; take over when it does not for a lease.
    """
    seen = await _take(ledger, run, None)
    if seen["run"] == run:
        return seen["date"]
    for _ in range(LOOKS + 1):
        await asyncio.sleep(lease_seconds / LOOKS)
        now = await ledger.read(_state)
        if (now["run"], now["beat"]) != (seen["run"], seen["beat"]):
            break
    now = await _take(ledger, run, (seen["run"], seen["beat"]))
    if now["run"] != run:
        raise OccupiedError(
            f"The offering of {now['date']} is run by {now['run']} since {now['began']}, and that run is alive.",
            "Wait until it has ended; two at once would clear nothing twice, but neither is needed.",
        )
    say("Took the day over from a run that no longer lives.", day=now["date"], dead=seen["run"])
    return now["date"]


@asynccontextmanager
async def beating(ledger: Graph, run: str, lease_seconds: float) -> AsyncGenerator[None]:
    """Let the run's beat move several times a lease while the context is open."""

    async def beats() -> None:
        while True:
            await asyncio.sleep(lease_seconds / LOOKS)
            try:
                await ledger.write(_beat(run))
            except LedgerError as error:
                # The next transaction of the work itself decides whether the run may go on.
                warn("The offering's beat did not get through.", reason=error.what)

    heart = asyncio.create_task(beats())
    try:
        yield
    finally:
        heart.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await heart


async def confirm(tx: AsyncManagedTransaction, run: str) -> None:
    """Take the calendar's lock; raise OccupiedError when this run no longer holds the day."""
    await lock_calendar(tx)
    if await (await tx.run(BEAT, run=run)).single() is None:
        raise OccupiedError(
            "Another run has taken the day over; this one stops.", "Look at the other run's log; nothing is lost."
        )


async def let_go(ledger: Graph, run: str, why: str) -> None:
    """Give the day back unfinished, with the reason on it; does nothing when the run has lost it."""

    async def work(tx: AsyncManagedTransaction) -> None:
        await lock_calendar(tx)
        await (await tx.run(LET_GO, run=run, why=why)).consume()

    try:
        await ledger.write(work)
    except LedgerError as error:
        # The reason why the day stays open must not be hidden by this: a later run takes over after the lease.
        warn("The day could not be given back.", reason=error.what)


async def turn(ledger: Graph, day: str, run: str, token: str, report: dict[str, Any]) -> str:
    """Close the day and open the following one in one transaction; return the following one's date."""
    following = day_after(day)

    async def work(tx: AsyncManagedTransaction) -> None:
        if await (await tx.run(CLOSED, token=token)).single():
            return  # an earlier attempt was committed, its answer lost
        await confirm(tx, run)
        facts = {"run": run, "following": following, "token": token, "report": json.dumps(report)}
        await (await tx.run(TURN, facts)).consume()

    await ledger.write(work)
    return following


def _beat(run: str) -> Work[None]:
    async def work(tx: AsyncManagedTransaction) -> None:
        await confirm(tx, run)

    return work


async def _state(tx: AsyncManagedTransaction) -> dict[str, Any]:
    rows = await (await tx.run(STATE)).data()
    if len(rows) != 1:
        raise UnsoundError(
            f"The ledger has {len(rows)} current days instead of one.",
            "Start the API once, which opens the first day; with several, mark all but the last as not current.",
        )
    return rows[0]


async def _take(ledger: Graph, run: str, dead: tuple[str, int] | None) -> dict[str, Any]:
    """Take the day if nobody runs, or if who runs still stands at the beat of `dead`; return its state then."""

    async def work(tx: AsyncManagedTransaction) -> dict[str, Any]:
        await lock_calendar(tx)
        state = await _state(tx)
        if state["offering"] and (state["run"], state["beat"]) != dead:
            return state
        await (await tx.run(TAKE, run=run)).consume()
        return await _state(tx)

    return await ledger.write(work)
