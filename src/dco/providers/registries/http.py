"""One registry over HTTP: whatever is not a whole answer of that very registry, in time, is `Unreadable`.

A redirect to another host is not followed: who answers there was not configured, and may be a login page.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

import msgspec

from dco.model.errors import ConfigurationError, Unreadable

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
LARGEST = 64_000_000
"""So many bytes of an answer are read; npm's longest documents have half of that."""
_BUSY = frozenset({429, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 3
_PAUSE_SECONDS = 1.0
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _SERVER_ERROR = 401, 403, 404, 410, 500


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """The client that all registries share; it is made, and its library imported, when first needed."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lock = Lock()

    def client(self) -> "httpx.Client":
        """Return the client; may be called by any thread."""
        with self._lock:
            return self._client

    @cached_property
    def _client(self) -> "httpx.Client":
        import httpx  # noqa: PLC0415  # a tenth of a second that a night without registries need not pay

        limits = httpx.Limits(max_connections=self._at_once, max_keepalive_connections=self._at_once)
        return httpx.Client(follow_redirects=False, limits=limits, headers={"User-Agent": "dco"})


class Registry:
    """An address that is asked. May be used by any thread."""

    def __init__(self, what: str, address: str, connections: Connections, seconds: float) -> None:
        """Ask below `address`; one question, its retry included, takes at most about `seconds`."""
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError(f"the address of {what} is none", "correct it under [registries] in dco.toml")
        self.what = f"{what} ({parts.hostname})"
        """What it is, for people; without what else the address may hold (a password)."""
        self.address = address.rstrip("/") + "/"
        """Where it is asked; never for people."""
        self._connections = connections
        self._seconds = seconds

    def get(self, path: str, *, accept: str = "application/json", params: Mapping[str, str] | None = None) -> Reply:
        """Return a whole good answer. Raises `Unreadable`, for a name that is not known there as well."""
        return self.checked(path, self.ask("GET", path, {"Accept": accept}, params=params))

    def head(self, path: str) -> Reply:
        """Return the headers of a good answer. Raises as `get`."""
        return self.checked(path, self.ask("HEAD", path, {}))

    def post(self, path: str, body: object) -> Reply:
        """Send JSON, return a whole good answer. Raises as `get`."""
        sent = msgspec.json.encode(body)
        return self.checked(path, self.ask("POST", path, {"Content-Type": "application/json"}, body=sent))

    def decode(self, reply: Reply, kind: type[T]) -> T:
        """Return what an answer says. Raises `Unreadable` for one that is not of the documented form."""
        try:
            return msgspec.json.decode(reply.body, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise self.trouble(f"gave an answer of another form than documented: {error}") from None

    def trouble(self, what: str, remedy: str = "") -> Unreadable:
        """Return the error that says what this registry did."""
        return Unreadable(f"{self.what} {what}", remedy or "see what stands at its address under [registries]")

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Return a whole answer, whatever its status; asked once more when the registry is busy or broke off."""
        end = time.monotonic() + self._seconds
        address = urljoin(self.address, path)
        try:
            reply = self._follow(method, address, headers, params, body, end)
        except Unreadable:
            if time.monotonic() + _PAUSE_SECONDS > end:
                raise
            return self._follow(method, address, headers, params, body, end)
        wait = _pause(reply)
        if reply.status in _BUSY and time.monotonic() + wait < end:
            time.sleep(wait)
            return self._follow(method, address, headers, params, body, end)
        return reply

    def _follow(  # a request has that many parts
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        body: bytes | None,
        end: float,
    ) -> Reply:
        for _ in range(_HOPS):
            reply = self._once(method, address, headers, params, body, end)
            if reply.status not in _REDIRECTS:
                return reply
            there = urljoin(address, reply.headers.get("location", ""))
            old, new = urlsplit(address), urlsplit(there)
            if (old.hostname, old.port) != (new.hostname, new.port) or {old.scheme, new.scheme} - {"http", "https"}:
                raise self.trouble(
                    f"sends us elsewhere, to {new.hostname}", "configure the address that answers itself"
                )
            address, params = there, None
        raise self.trouble("sends us in circles")

    def _once(  # a request has that many parts
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        body: bytes | None,
        end: float,
    ) -> Reply:
        import httpx  # noqa: PLC0415  # see Connections

        left = max(0.05, end - time.monotonic())
        request: dict[str, Any] = {"headers": dict(headers), "params": params, "content": body, "timeout": left}
        try:
            with self._connections.client().stream(method, address, **request) as answer:
                return Reply(answer.status_code, answer.headers, self._whole(answer, end))
        except httpx.TimeoutException:
            raise self.trouble(f"did not answer within {self._seconds:g} s", "see whether it can be reached") from None
        except httpx.HTTPError as error:
            raise self.trouble(f"can't be read: {error}", "see whether it can be reached from here") from None
        except httpx.InvalidURL:
            raise self.trouble("has no such address") from None

    def _whole(self, answer: "httpx.Response", end: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in answer.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LARGEST:
                raise self.trouble(f"answers with more than {LARGEST} bytes")
            if time.monotonic() > end:
                raise self.trouble(f"did not end its answer within {self._seconds:g} s", "see what slows it down")
        return b"".join(parts)

    def checked(self, path: str, reply: Reply) -> Reply:
        """Return a good answer, raise `Unreadable` for any other."""
        if reply.status < 300:  # noqa: PLR2004  # what is below is good
            return reply
        if reply.status in {_NOT_FOUND, _GONE}:
            raise self.trouble(f"does not know {path}", "it may be private, misspelt, or the address a mirror's")
        if reply.status in {_UNAUTHORIZED, _FORBIDDEN}:
            raise self.trouble(
                f"does not let us read {path} ({reply.status})", "it wants a login, or its limit is reached"
            )
        if reply.status in _BUSY or reply.status >= _SERVER_ERROR:
            raise self.trouble(f"answered {reply.status}", "it is busy or broken: try again later")
        raise self.trouble(f"answered {reply.status}")


def _pause(reply: Reply) -> float:
    try:
        return max(0.0, float(reply.headers.get("retry-after", "0.2")))
    except ValueError:
        return _PAUSE_SECONDS
