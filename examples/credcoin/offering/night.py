"""The offering as a story. A run that dies anywhere in it can be followed by another one."""

import asyncio
import uuid
from dataclasses import asdict
from typing import Any

from ledger.errors import LedgerError
from ledger.graphs import Graph
from ledger.logs import say
from ledger.settings import Settings
from offering.audit import audit
from offering.checksum import checksum
from offering.clear import clear
from offering.hold import beating, closed_by, hold, let_go, turn
from offering.report import store_report


async def offer(ledger: Graph, settings: Settings, token: str) -> dict[str, Any]:
    """Close the current day and return its report; the day that this token closed before is not closed again.

    Raises OccupiedError when another run is at work, UnsoundError when the books are wrong, AwayError when the
    database is.
    """
    if report := await closed_by(ledger, token):
        say("This offering ended its day before; nothing is left to do.", token=token)
        return report
    run = str(uuid.uuid4())
    day = await hold(ledger, run, settings.lease_seconds)
    say("The offering has begun.", day=day, run=run)
    try:
        async with beating(ledger, run, settings.lease_seconds):
            return await _close(ledger, settings, day, run, token)
    except LedgerError as error:
        await let_go(ledger, run, error.what)
        raise
    except asyncio.CancelledError:
        await asyncio.shield(let_go(ledger, run, "The run was told to stop."))
        raise


async def _close(ledger: Graph, settings: Settings, day: str, run: str, token: str) -> dict[str, Any]:
    cleared = await clear(ledger, day, run, settings.batch)
    books = await audit(ledger)
    sums = await checksum(ledger)
    report = {"day": day, "token": token, **asdict(cleared), **asdict(books), **asdict(sums)}
    # Before the turn: a run that dies between the two writes the same report again, and none is ever missing.
    where = await store_report(settings.report_bucket, report)
    following = await turn(ledger, day, run, token, report)
    say("The offering has ended.", following=following, report=where, **report)
    return report
