"""A registry on loopback that answers as told: well, or in one of the ways in which registries fail."""

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_SECONDS = 5.0


@dataclass
class Site:
    """What the server says: `pages` by path, unless it is told to fail."""

    address: str = ""
    pages: dict[str, Any] = field(default_factory=dict[str, Any])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    failure: str = ""
    failures: int = 1_000_000
    latency: float = 0.0
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    bodies: list[Any] = field(default_factory=list[Any])

    def fails(self) -> str:
        """Return how to fail now, if at all."""
        if not self.failure or self.failures <= 0:
            return ""
        self.failures -= 1
        return self.failure


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        self.site.asked.append((self.command, self.path))
        if body:
            self.site.bodies.append(json.loads(body))
        time.sleep(self.site.latency)
        failure = self.site.fails()
        if failure:
            getattr(self, f"_{failure}")()
            return
        page = self.site.pages.get(f"{self.command} {self.path}", self.site.pages.get(self.path.partition("?")[0]))
        if page is None:
            self._answer(404, b"{}")
        elif isinstance(page, tuple):
            self._answer(*page)
        else:
            said = page(json.loads(body)) if callable(page) else page
            self._answer(200, said if isinstance(said, bytes) else json.dumps(said).encode())

    do_POST = do_HEAD = do_GET  # noqa: N815 - the base class's names

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        given = {"Content-Type": "application/json", **self.site.headers, **(headers or {})}
        for name, value in given.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _hang(self) -> None:
        time.sleep(HANG_SECONDS)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        for _ in range(int(HANG_SECONDS / 0.05)):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.05)

    def _truncate(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"name": "half')
        self.close_connection = True

    def _elsewhere(self) -> None:
        self._answer(302, b"", {"Location": "http://127.9.1.99:1/login"})

    def _circles(self) -> None:
        self._answer(302, b"", {"Location": self.path})

    def _garbage(self) -> None:
        self.wfile.write(b"this is no HTTP\r\n\r\n")
        self.close_connection = True

    def _html(self) -> None:
        self._answer(200, b"<html>please log in</html>", {"Content-Type": "text/html"})

    def _nothing(self) -> None:
        self._answer(200, b"{}")

    def _list(self) -> None:
        self._answer(200, b"[]")

    def _busy(self) -> None:
        self._answer(429, b"slow down", {"Retry-After": "0"})

    def _broken(self) -> None:
        self._answer(500, b"oops")

    def _login(self) -> None:
        self._answer(401, b"who are you?")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever stops listening to a hanging answer is no news."""


@contextmanager
def serve() -> Generator[Site]:
    """Serve on a loopback address until the end of the block."""
    site = Site()
    server = _Server(("127.9.1.31", 0), type("Handler", (_Handler,), {"site": site}))
    site.address = f"http://127.9.1.31:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()
