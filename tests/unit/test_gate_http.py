"""The gate's control answers whatever happens: who gave an order must know that it was not done."""

import asyncio

import httpx
import pytest

from dco_gate.errors import RefusedError
from dco_gate.http_server import Answer, Request, listen


async def told(error: Exception | None) -> httpx.Response:
    async def respond(request: Request) -> Answer:
        del request
        if error is not None:
            raise error
        return Answer(b"{}")

    server = await listen("127.0.0.1", 0, respond)
    host, port = server.sockets[0].getsockname()[:2]
    async with server, httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://{host}:{port}/anything")


@pytest.mark.parametrize("error", [OSError("no room"), ValueError("oh"), TimeoutError(), KeyError("x")])
def test_what_nobody_foresaw_is_an_answer(error: Exception) -> None:
    answer = asyncio.run(told(error))
    assert answer.status_code == 500
    assert answer.json()["error"].startswith(f"GET /anything went wrong: {type(error).__name__}")
    assert answer.json()["remedy"]


def test_what_is_refused_and_what_is_done_are_told_as_ever() -> None:
    refused = asyncio.run(told(RefusedError("it is held", "wait")))
    assert refused.status_code == RefusedError("", "").status
    assert refused.json()["error"] == "it is held"
    assert asyncio.run(told(None)).status_code == 200
