"""The server process: how it starts, and how it leaves without losing a request.

On SIGTERM: answers from now on carry `Connection: close` and `/health` says 503, while the port stays open for
`drain_seconds`, so that whoever balances the load goes elsewhere and idle connections are let go of by their
owners. Then the port closes, running requests end, exit 0.
"""

import asyncio
from types import FrameType

import uvicorn

from app.api import Api
from app.wire import Wire
from ledger.logs import say
from ledger.settings import Settings

# Longer than a load balancer's idle time (60 s): the side that sends the next request closes first.
KEEP_ALIVE_SECONDS = 75
# Shorter than the 30 s that ECS leaves between SIGTERM and SIGKILL.
GRACE_SECONDS = 20


class _Server(uvicorn.Server):
    """uvicorn, but a signal first drains, and a drained server ends with exit code 0."""

    def __init__(self, config: uvicorn.Config, api: Api, drain_seconds: float) -> None:
        super().__init__(config)
        self._api = api
        self._drain_seconds = drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- uvicorn's signature
        if self._api.draining:
            return
        self._api.draining = True
        asyncio.get_running_loop().call_soon_threadsafe(self._drain, sig)

    def _drain(self, sig: int) -> None:
        say("Leaving: answers close their connections, the port closes soon.", signal=sig)
        asyncio.get_running_loop().call_later(self._drain_seconds, self._stop)

    def _stop(self) -> None:
        self.should_exit = True


def serve(settings: Settings) -> int:
    """Serve until told to stop; the exit code is 0 unless the port could not be opened."""
    api = Api(settings)
    config = uvicorn.Config(
        Wire(api),
        host=settings.host,
        port=settings.port,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    _Server(config, api, settings.drain_seconds).run()
    say("Left: no request is open any more.")
    return 0
