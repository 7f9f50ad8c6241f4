"""Run one offering: `python -m offering`, with its settings in the environment."""

import asyncio
import json
import os
import signal
import sys
import uuid

from ledger.errors import LedgerError, SettingsError
from ledger.graphs import Graph
from ledger.logs import start_logging, warn
from ledger.schema import LEDGER, create_schema
from ledger.settings import Settings, read_settings
from offering.night import offer

STOPPED = 143  # what a shell says of a process that SIGTERM ended


def main() -> int:
    """Return 0 when the day is closed, 1 when it stays open, 2 on a bad setting, 143 when told to stop."""
    start_logging()
    try:
        settings = read_settings(os.environ)
        # The night's own name, if it has one: a second start of the same night finds its work done.
        token = os.environ.get("OFFERING_TOKEN") or str(uuid.uuid4())
        return asyncio.run(_offering(settings, token))
    except LedgerError as error:
        warn(error.what, remedy=error.remedy)
        print(f"Error: {error.what}\nTry: {error.remedy}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1


async def _offering(settings: Settings, token: str) -> int:
    night = asyncio.ensure_future(_night(settings, token))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, night.cancel)
    try:
        await night
    except asyncio.CancelledError:
        print("Error: the offering was told to stop; its day stays open.\nTry: run it again.", file=sys.stderr)
        return STOPPED
    return 0


async def _night(settings: Settings, token: str) -> None:
    ledger = Graph(settings.ledger, settings.patience_seconds)
    try:
        await create_schema(ledger, LEDGER)
        print(json.dumps(await offer(ledger, settings, token)), flush=True)
    finally:
        await ledger.close()


if __name__ == "__main__":
    sys.exit(main())
