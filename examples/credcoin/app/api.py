"""The API: its routes, what they take and what they answer."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import VERSION, ask
from app.background import Prepared, background
from app.image import running_image
from ledger import accounts, credexes
from ledger.errors import AwayError, LedgerError, RefusedError
from ledger.graphs import Graph
from ledger.once import Effect, fingerprint, write_once
from ledger.settings import Settings


class Api:
    """The routes over two databases. `draining` once told to leave."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.draining = False
        self.prepared = Prepared()

    def application(self) -> Starlette:
        """Build the ASGI application; connections live as long as its lifespan."""
        return Starlette(
            routes=[
                Route("/accounts", self.open_account, methods=["POST"]),
                Route("/accounts/{id}/balance", self.balance),
                Route("/credexes", self.issue, methods=["POST"]),
                Route("/credexes/{id}/accept", self.accept, methods=["POST"]),
                Route("/search", self.search),
                Route("/health", self.health),
                Route("/version", self.version),
            ],
            exception_handlers={RefusedError: _refused, AwayError: _away},
            lifespan=self._lifespan,
        )

    async def open_account(self, request: Request) -> Response:
        """POST /accounts {"handle"} → 201."""
        handle = ask.handle(await ask.body(request, "handle"))
        key = ask.idempotency_key(request)
        return await self._write("open", {"handle": handle}, key, accounts.opening(handle, key))

    async def issue(self, request: Request) -> Response:
        """POST /credexes {"from", "to", "amount"} → 201."""
        body = await ask.body(request, "from", "to", "amount")
        source, target, amount = ask.credex(body)
        key = ask.idempotency_key(request)
        return await self._write("issue", body, key, credexes.issuing(source, target, amount, key))

    async def accept(self, request: Request) -> Response:
        """POST /credexes/{id}/accept → 200."""
        credex = request.path_params["id"]
        key = ask.idempotency_key(request)
        return await self._write("accept", {"credex": credex}, key, credexes.accepting(credex, key))

    async def balance(self, request: Request) -> Response:
        """GET /accounts/{id}/balance → id, handle, cleared, balance."""
        return JSONResponse(await accounts.read_balance(self._ledger, request.path_params["id"]))

    async def search(self, request: Request) -> Response:
        """GET /search?q= → the accounts whose handle starts so."""
        return JSONResponse({"accounts": await accounts.find_accounts(self._search, ask.prefix(request))})

    async def health(self, _: Request) -> Response:
        """GET /health → 200 when both databases answer, 503 when one does not, or when leaving."""
        asked = await asyncio.gather(
            _state(self._ledger, self.prepared.ledger), _state(self._search, self.prepared.search)
        )
        states = {"ledger": asked[0], "search": asked[1]}
        if self.draining:
            states["server"] = "leaving"
        well = set(states.values()) == {"ok"}
        return JSONResponse({"healthy": well, **states}, 200 if well else 503)

    async def version(self, _: Request) -> Response:
        """GET /version → the version, and the image's digest where ECS tells it."""
        return JSONResponse({"version": VERSION, "image": await running_image()})

    async def _write(self, action: str, body: dict[str, Any], key: str, effect: Effect) -> Response:
        await self._until_ready()
        answer = await write_once(self._ledger, key, fingerprint(action, body), effect)
        repeated = {"idempotent-replay": "true"} if answer.repeated else None
        return JSONResponse(answer.body, answer.status, repeated)

    async def _until_ready(self) -> None:
        # Without its constraints the ledger can't promise that a key takes effect once.
        try:
            await asyncio.wait_for(self.prepared.ledger.wait(), self.settings.patience_seconds)
        except TimeoutError:
            raise AwayError("ledger", "its schema is not there yet") from None

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[Mapping[str, Any]]:
        async with AsyncExitStack() as stack:
            patience = self.settings.patience_seconds
            self._ledger = Graph(self.settings.ledger, patience)
            self._search = Graph(self.settings.search, patience)
            stack.push_async_callback(self._ledger.close)
            stack.push_async_callback(self._search.close)
            await stack.enter_async_context(background(self._ledger, self._search, self.settings, self.prepared))
            yield {}


async def _state(graph: Graph, prepared: asyncio.Event) -> str:
    try:
        await graph.answers()
    except LedgerError as error:
        return error.what
    return "ok" if prepared.is_set() else "The schema is not there yet."


def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    return JSONResponse({"error": error.what, "try": error.remedy}, error.status)


def _away(_: Request, error: Exception) -> Response:
    if not isinstance(error, AwayError):
        raise error
    return JSONResponse({"error": error.what, "try": error.remedy}, 503, {"retry-after": "1"})
