"""Sending requests on time. Nothing is tried twice: a request that fails is counted as failed."""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from dco_sandbox.traffic.choice import Call, Mix
from dco_sandbox.traffic.journal import Journal
from dco_sandbox.traffic.report import Outcome, Report, summarise

LONGEST_RUN_SECONDS = 3600.0
REQUEST_SECONDS = 20.0
STOP_POLL_SECONDS = 0.05
# Connections are kept and used again as a browser or a service would; more are opened when all are busy.
LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=50, keepalive_expiry=30)
VERSION_HEADER = "credcoin-version"


def run(
    base_url: str,
    *,
    reads: float = 20,
    writes: float = 5,
    seconds: float = LONGEST_RUN_SECONDS,
    stop: threading.Event | None = None,
    seed: int = 0,
    journal: Path,
) -> Report:
    """Send `reads` and `writes` a second for `seconds`, or until `stop` is set, and return the figures.

    Latency counts from when a request was due, so a server that stalls can't slow the measuring down. The journal
    is appended to. Ends at most REQUEST_SECONDS after the last request was sent.
    """
    load = _Load(base_url, Mix(seed, f"t{uuid.uuid4().hex[:10]}"), Journal(journal))
    return asyncio.run(load.run(reads, writes, min(seconds, LONGEST_RUN_SECONDS), stop or threading.Event()))


class _Load:
    def __init__(self, base_url: str, mix: Mix, journal: Journal) -> None:
        self._base_url = base_url
        self._mix = mix
        self._journal = journal
        self._outcomes: list[Outcome] = []
        self._begun = 0.0

    async def run(self, reads: float, writes: float, seconds: float, stop: threading.Event) -> Report:
        started = datetime.now(UTC).isoformat(timespec="milliseconds")
        async with httpx.AsyncClient(base_url=self._base_url, timeout=None, limits=LIMITS, trust_env=False) as client:  # noqa: S113 -- each request is bounded as a whole
            self._begun = time.perf_counter()
            async with asyncio.TaskGroup() as requests:
                schedules = [
                    asyncio.create_task(self._schedule(client, requests, rate, choose))
                    for rate, choose in ((reads, self._mix.read), (writes, self._mix.write))
                    if rate > 0
                ]
                while self._now() < seconds and not stop.is_set():  # noqa: ASYNC110 -- other threads and signals set it
                    await asyncio.sleep(STOP_POLL_SECONDS)
                for schedule in schedules:
                    schedule.cancel()
                sending = self._now()
            # Whoever was killed while waiting for the last answers still has them in the journal as sent.
            self._journal.close()
        last = max((one.ended for one in self._outcomes), default=0.0)
        return summarise(self._outcomes, started, max(sending, last))

    async def _schedule(
        self, client: httpx.AsyncClient, requests: asyncio.TaskGroup, rate: float, choose: Callable[[], Call]
    ) -> None:
        number = 0
        while True:
            due = number / rate
            await asyncio.sleep(max(0.0, due - self._now()))
            requests.create_task(self._send(client, choose(), due))
            number += 1

    async def _send(self, client: httpx.AsyncClient, call: Call, due: float) -> None:
        headers: dict[str, str] = {}
        if call.key:
            self._journal.sent(call)
            headers["Idempotency-Key"] = call.key
        # An acceptance names its credex in the path; its body in the journal is for the proof.
        body = call.body if call.action in {"open", "issue"} else None
        version: str | None = None
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                response = await client.request(call.method, call.path, json=body, headers=headers)
            version = response.headers.get(VERSION_HEADER)
            failure = self._judge(call, response)
        except TimeoutError:
            failure = f"no answer in {REQUEST_SECONDS:g} s"
        except httpx.TransportError as error:
            failure = type(error).__name__
        self._outcomes.append(
            Outcome(
                action=call.action,
                write=call.key is not None,
                due=due,
                ended=self._now(),
                failure=failure,
                version=version,
            )
        )

    def _judge(self, call: Call, response: httpx.Response) -> str | None:
        if not response.is_success:
            return f"HTTP {response.status_code}"
        try:
            answer: dict[str, Any] = response.json()
        except ValueError:
            return "an answer that is not JSON"
        if call.key:
            self._journal.acknowledged(call, answer)
            self._mix.learn(call, answer)
        return None

    def _now(self) -> float:
        return time.perf_counter() - self._begun
