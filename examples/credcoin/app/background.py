"""What goes on beside the requests: preparing the databases, the minute queue, and the offering as a cron."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from cronsim import CronSim

from app.queue import carry
from ledger.day import open_first_day
from ledger.errors import LedgerError
from ledger.graphs import Graph
from ledger.logs import say, warn
from ledger.schema import LEDGER, SEARCH, create_schema
from ledger.settings import Settings
from offering.night import offer

OWNER = f"{socket.gethostname()}-{os.getpid()}"


@asynccontextmanager
async def background(ledger: Graph, search: Graph, settings: Settings, ready: asyncio.Event) -> AsyncGenerator[None]:
    """Run all of it while the context is open; what is in flight at the end is ended, not finished."""
    jobs = [asyncio.create_task(prepare(ledger, search, ready))]
    jobs.append(asyncio.create_task(minute_queue(ledger, search, settings.queue_seconds, ready)))
    if settings.offering_cron:
        jobs.append(asyncio.create_task(cron(ledger, settings, settings.offering_cron)))
    try:
        yield
    finally:
        for job in jobs:
            job.cancel()
        for job in jobs:
            with contextlib.suppress(asyncio.CancelledError):
                await job


async def prepare(ledger: Graph, search: Graph, ready: asyncio.Event) -> None:
    """Make schema and first day, trying until both databases are there; then the API is ready."""
    while not ready.is_set():
        try:
            await create_schema(ledger, LEDGER)
            await create_schema(search, SEARCH)
            await open_first_day(ledger)
        except LedgerError as error:
            warn("Not ready yet.", reason=error.what)
            await asyncio.sleep(1)
        else:
            ready.set()
            say("Ready.")


async def minute_queue(ledger: Graph, search: Graph, seconds: float, ready: asyncio.Event) -> None:
    """Carry new accounts to the search database every `seconds`; what fails is carried the next time."""
    await ready.wait()
    while True:
        try:
            carried = await carry(ledger, search, OWNER, seconds)
        except LedgerError as error:
            warn("The minute queue waits for its next turn.", reason=error.what)
        else:
            if carried:
                say("The minute queue carried accounts to search.", accounts=carried)
        await asyncio.sleep(seconds)


async def cron(ledger: Graph, settings: Settings, expression: str) -> None:
    """Run the offering at each tick of `expression` (UTC); a failed one leaves its day open for the next."""
    for tick in CronSim(expression, datetime.now(UTC)):
        await asyncio.sleep(max(0.0, (tick - datetime.now(UTC)).total_seconds()))
        try:
            # The tick is the token: of several tasks with this cron, one runs the offering.
            await offer(ledger, settings, token=f"cron-{tick.isoformat()}")
        except LedgerError as error:
            warn("The offering did not end its day.", reason=error.what, remedy=error.remedy)
