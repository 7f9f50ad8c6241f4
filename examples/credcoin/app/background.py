"""What goes on beside the requests: preparing the databases, the minute queue, and the offering as a cron."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cronsim import CronSim

from app.queue import carry
from ledger.day import open_first_day
from ledger.errors import LedgerError
from ledger.graphs import Graph
from ledger.logs import LOG, say, warn
from ledger.schema import LEDGER, SEARCH, create_schema
from ledger.settings import Settings
from offering.night import offer

OWNER = f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True)
class Prepared:
    """Set once a database has its schema (and the ledger its first day)."""

    ledger: asyncio.Event = field(default_factory=asyncio.Event)
    search: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def background(ledger: Graph, search: Graph, settings: Settings, prepared: Prepared) -> AsyncGenerator[None]:
    """Run all of it while the context is open; what is in flight at the end is ended, not finished."""
    jobs = [
        asyncio.create_task(prepare(prepared.ledger, lambda: _prepare_ledger(ledger))),
        asyncio.create_task(prepare(prepared.search, lambda: create_schema(search, SEARCH))),
        asyncio.create_task(minute_queue(ledger, search, settings.queue_seconds, prepared)),
    ]
    if settings.offering_cron:
        jobs.append(asyncio.create_task(cron(ledger, settings, settings.offering_cron)))
    for job in jobs:
        job.add_done_callback(_ended)
    try:
        yield
    finally:
        for job in jobs:
            job.cancel()
        for job in jobs:
            with contextlib.suppress(asyncio.CancelledError):
                await job


async def prepare(done: asyncio.Event, attempt: Callable[[], Awaitable[None]]) -> None:
    """Try until the database is there and prepared, then set `done`."""
    while not done.is_set():
        try:
            await attempt()
        except LedgerError as error:
            warn("Not ready yet.", reason=error.what)
            await asyncio.sleep(1)
        else:
            done.set()


async def minute_queue(ledger: Graph, search: Graph, seconds: float, prepared: Prepared) -> None:
    """Carry new accounts to the search database every `seconds`; what fails is carried the next time."""
    await prepared.ledger.wait()
    await prepared.search.wait()
    while True:
        try:
            carried = await carry(ledger, search, OWNER, seconds)
        except LedgerError as error:
            warn("The minute queue waits for its next turn.", reason=error.what)
        else:
            if carried:
                say("The minute queue carried accounts to search.", accounts=carried)
        await asyncio.sleep(seconds)


def _ended(job: asyncio.Task[None]) -> None:
    if not job.cancelled() and (error := job.exception()):
        LOG.error("A background job ended; restart this task.", exc_info=error)


async def _prepare_ledger(ledger: Graph) -> None:
    await create_schema(ledger, LEDGER)
    await open_first_day(ledger)


async def cron(ledger: Graph, settings: Settings, expression: str) -> None:
    """Run the offering at each tick of `expression` (UTC); a failed one leaves its day open for the next."""
    while True:
        # Counted from now each time: ticks that passed during a long offering are not made up for.
        tick = next(CronSim(expression, datetime.now(UTC)))
        await asyncio.sleep(max(0.0, (tick - datetime.now(UTC)).total_seconds()))
        try:
            # The tick is the token: of several tasks with this cron, one runs the offering.
            await offer(ledger, settings, token=f"cron-{tick.isoformat()}")
        except LedgerError as error:
            warn("The offering did not end its day.", reason=error.what, remedy=error.remedy)
