"""The calls of the control: what each takes, what it gives, and who may ask. docs/gate.md has them as a table."""

import difflib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from dco_gate import metrics
from dco_gate.errors import ConfigurationError, UnknownError
from dco_gate.http_server import Answer, Request
from dco_gate.signing import Access
from dco_gate.status import status_of
from dco_gate.switch import HoldOrder
from dco_gate.switching import Switching


class Versions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Offer only versions that all these servers speak; none named: all again."""

    database: str
    servers: tuple[str, ...]


class Prepare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Have a session on this server ready for each client; null ends that."""

    database: str
    server: str | None


class OfSwitch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Obey, or give up, a switch that is held."""

    database: str
    switch: str


Order = TypeVar("Order")
Call = Callable[[Request], Awaitable[Answer]]


class Orders:
    """Answers control requests. Everything but health and metrics needs a proof."""

    def __init__(self, switchings: Mapping[str, Switching], access: Access) -> None:
        self._switchings = switchings
        self._access = access
        self._open: dict[str, Call] = {
            "GET /identity": self._identity,
            "GET /health": self._health,
            "GET /metrics": self._metrics,
        }
        self._signed: dict[str, Call] = {
            "GET /status": self._status,
            "GET /queries": self._queries,
            "GET /links": self._links,
            "POST /versions": self._versions,
            "POST /prepare": self._prepare,
            "POST /hold": self._hold,
            "POST /learn": self._learn,
            "POST /move": self._move,
            "POST /give-up": self._give_up,
        }

    async def respond(self, request: Request) -> Answer:
        """Do what a request asks for. Raises `GateError`."""
        if request.call in self._open:
            return await self._open[request.call](request)
        self._access.check(request.headers.get("authorization", ""), request.call, request.body)
        if request.call not in self._signed:
            known = ", ".join([*self._open, *self._signed])
            raise UnknownError(f"there is no {request.call}", f"there is {known}")
        return await self._signed[request.call](request)

    async def _identity(self, request: Request) -> Answer:
        del request
        return _json({"gate": self._access.identity, "now": self._access.clock()})

    async def _health(self, request: Request) -> Answer:
        del request
        ill = await metrics.illnesses(self._switchings)
        return Answer(msgspec.json.encode({"healthy": not ill, "why": ill}), status=503 if ill else 200)

    async def _metrics(self, request: Request) -> Answer:
        del request
        return Answer(metrics.text(self._switchings).encode(), "text/plain; version=0.0.4")

    async def _status(self, request: Request) -> Answer:
        del request
        return _json({name: status_of(one) for name, one in self._switchings.items()})

    async def _queries(self, request: Request) -> Answer:
        del request
        return _json(
            {
                name: one.database.samples.all() if one.database.samples is not None else ()
                for name, one in self._switchings.items()
            }
        )

    async def _links(self, request: Request) -> Answer:
        del request
        return _json(
            {
                name: [link for session in one.database.sessions for link in session.links]
                for name, one in self._switchings.items()
            }
        )

    async def _versions(self, request: Request) -> Answer:
        order = _read(request, Versions)
        versions = await self._of(order.database).narrow(order.servers)
        return _json({"versions": [f"{major}.{minor}" for major, minor in versions]})

    async def _prepare(self, request: Request) -> Answer:
        order = _read(request, Prepare)
        return _json(await self._of(order.database).prepare(order.server))

    async def _hold(self, request: Request) -> Answer:
        order = _read(request, HoldOrder)
        return _json(await self._of(order.database).hold(order))

    async def _learn(self, request: Request) -> Answer:
        order = _read(request, OfSwitch)
        return _json(await self._of(order.database).learn(order.switch))

    async def _move(self, request: Request) -> Answer:
        order = _read(request, OfSwitch)
        return _json(await self._of(order.database).move(order.switch))

    async def _give_up(self, request: Request) -> Answer:
        order = _read(request, OfSwitch)
        return _json(await self._of(order.database).give_up(order.switch))

    def _of(self, name: str) -> Switching:
        found = self._switchings.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self._switchings, 1, 0.0) or sorted(self._switchings)
            raise UnknownError(f"this gate has no database {name!r}", f"did you mean {near[0]!r}?")
        return found


def _read(request: Request, kind: type[Order]) -> Order:
    try:
        return msgspec.json.decode(request.body, type=kind)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{request.call}: {error}", "see docs/gate.md for what it takes") from None


def _json(value: Any) -> Answer:
    return Answer(msgspec.json.encode(value))
