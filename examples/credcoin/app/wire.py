"""The outermost layer: one log line a request, our own headers, and `Connection: close` while leaving."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import VERSION
from app.api import Api
from ledger.logs import say


class Wire:
    """An ASGI application around the API's own."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._inner: ASGIApp = api.application()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; log what came of it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *self._headers()]
            await send(message)

        try:
            await self._inner(scope, receive, sending)
        finally:
            taken = round((time.perf_counter() - begun) * 1000, 1)
            say("Answered.", method=scope["method"], path=scope["path"], status=status, ms=taken)

    def _headers(self) -> list[tuple[bytes, bytes]]:
        ours = [(b"credcoin-version", VERSION.encode())]
        return [*ours, (b"connection", b"close")] if self._api.draining else ours
