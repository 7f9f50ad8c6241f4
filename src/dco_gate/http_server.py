"""As much of an HTTP server as orders and metrics need: one request a connection, small, and in a limited time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec

from dco_gate.errors import ConfigurationError, GateError

LOG = logging.getLogger(__name__)
SECONDS = 10.0
"""How long a request may take to arrive."""
LONGEST_HEAD = 16_384
LONGEST_BODY = 262_144


class Request(msgspec.Struct, frozen=True):
    """What was asked: as `POST`, `/hold`, with header names in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def call(self) -> str:
        """Name what is asked for, as it is signed."""
        return f"{self.method} {self.path}"


class Answer(msgspec.Struct, frozen=True):
    """What is answered."""

    body: bytes
    kind: str = "application/json"
    status: int = 200


Respond = Callable[[Request], Awaitable[Answer]]


async def listen(host: str, port: int, respond: Respond) -> asyncio.Server:
    """Listen and answer. What `respond` raises as `GateError` is answered as JSON with its status."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _converse(reader, writer, respond)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError) as error:
            LOG.debug("A control connection ended early: %s.", error)
        finally:
            writer.close()

    return await asyncio.start_server(connected, host, port, limit=LONGEST_HEAD)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            request = await _read(reader)
        answer = await _answer(respond, request)
    except GateError as error:
        answer = refusal(error)
    head = (
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\nContent-Type: {answer.kind}\r\n"
        f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + answer.body)
    await writer.drain()


async def _answer(respond: Respond, request: Request) -> Answer:
    """Answer whatever happens: who gave an order must know that it was not done, and why."""
    try:
        return await respond(request)
    except GateError:
        raise
    except Exception as error:  # the edge of an order: whatever it is, it is answered and logged
        LOG.exception("%s %s went wrong.", request.method, request.path)
        what = f"{request.method} {request.path} went wrong: {type(error).__name__}: {error}"
        told = {"kind": "Unforeseen", "error": what, "remedy": "see the gate's log; try again"}
        return Answer(msgspec.json.encode(told), status=HTTPStatus.INTERNAL_SERVER_ERROR)


def refusal(error: GateError) -> Answer:
    """Write an error as an answer."""
    told = {"kind": type(error).__name__, "error": error.what, "remedy": error.remedy}
    running = getattr(error, "running", None)
    return Answer(msgspec.json.encode(told | ({"running": running} if running else {})), status=error.status)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, protocol = (*head[0].split(" ", 2), "", "")[:3]
    if not protocol.startswith("HTTP/"):
        raise ConfigurationError("this is no HTTP request", "see docs/gate.md for the calls")
    headers: dict[str, str] = {}
    for line in filter(None, head[1:]):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    size = headers.get("content-length", "0")
    if not size.isdecimal() or int(size) > LONGEST_BODY or "transfer-encoding" in headers:
        raise ConfigurationError("the request's body is too long or of unknown length", "send Content-Length")
    return Request(method, path, headers, await reader.readexactly(int(size)))
