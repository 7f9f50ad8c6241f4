"""A client of the gate's control: typed, blocking, each call signed. `dco-gate`'s own commands use it."""

import http.client
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from dco_gate import signing
from dco_gate.database import Standbys
from dco_gate.errors import (
    ConfigurationError,
    ForbiddenError,
    GateError,
    RefusedError,
    UnknownError,
    UnreachableError,
)
from dco_gate.samples import Sample
from dco_gate.settings import Address
from dco_gate.state import Candidates
from dco_gate.status import Status
from dco_gate.switch import Held, Outcome

SECONDS = 10.0
PREPARE_SECONDS = 120.0
"""Thousands of sessions are logged on."""
_KINDS = {one.status: one for one in (ConfigurationError, ForbiddenError, RefusedError, UnknownError, UnreachableError)}


class Control:
    """Speaks with one gate. Every call raises `GateError`: refusals as the gate worded them, silence as unreachable."""

    def __init__(self, address: Address, key: bytes) -> None:
        self._address = address
        self._key = key
        self._gate = ""
        self._ahead = 0.0

    def status(self) -> dict[str, Status]:
        """Ask who serves each database, and what is held."""
        return self._call("GET /status", None, dict[str, Status])

    def queries(self) -> dict[str, tuple[Sample, ...]]:
        """Ask for the texts of queries that each database saw."""
        return self._call("GET /queries", None, dict[str, tuple[Sample, ...]])

    def versions(self, database: str, servers: tuple[str, ...]) -> tuple[str, ...]:
        """Have only versions offered that all these servers speak; none named: all again."""
        order = {"database": database, "servers": servers}
        return self._call("POST /versions", order, dict[str, tuple[str, ...]])["versions"]

    def prepare(self, database: str, server: str | None) -> Standbys:
        """Have a session on this server ready for each client; None ends that."""
        return self._call("POST /prepare", {"database": database, "server": server}, Standbys, PREPARE_SECONDS)

    def hold(
        self,
        database: str,
        switch: str,
        candidates: Mapping[str, Candidates],
        *,
        drain_seconds: float = 2.0,
        time_box_seconds: float = 5.0,
    ) -> Held:
        """Hold a database's new writes, and wait until none is under way. May be repeated for the same switch."""
        order = {
            "database": database,
            "switch": switch,
            "candidates": candidates,
            "drain_seconds": drain_seconds,
            "time_box_seconds": time_box_seconds,
        }
        return self._call("POST /hold", order, Held, SECONDS + drain_seconds)

    def move(self, database: str, switch: str) -> Outcome:
        """Have the record of a held switch obeyed."""
        return self._call("POST /move", {"database": database, "switch": switch}, Outcome)

    def give_up(self, database: str, switch: str) -> Outcome:
        """Have blue proposed for a held switch, and obeyed."""
        return self._call("POST /give-up", {"database": database, "switch": switch}, Outcome)

    def _call(self, call: str, order: Any, kind: Any, seconds: float = SECONDS) -> Any:
        body = b"" if order is None else msgspec.json.encode(order)
        if not self._gate:
            self._identify()
        status, answer = self._send(call, body, seconds)
        if status == ForbiddenError.status:
            self._identify()  # the gate may have been started again: then nothing was done
            status, answer = self._send(call, body, seconds)
        if status != http.client.OK:
            raise _error(status, answer)
        return msgspec.json.decode(answer, type=kind)

    def _identify(self) -> None:
        status, answer = self._exchange("GET /identity", b"", {}, SECONDS)
        try:
            told = msgspec.json.decode(answer, type=dict[str, Any])
            self._gate, self._ahead = str(told["gate"]), float(told["now"]) - time.time()
        except (msgspec.DecodeError, KeyError, ValueError):
            raise UnreachableError(
                f"what answers at {self._at} is no gate (status {status})", "compare [control]"
            ) from None

    def _send(self, call: str, body: bytes, seconds: float) -> tuple[int, bytes]:
        proof = signing.prove(self._key, self._gate, call, body, time.time() + self._ahead)
        return self._exchange(call, body, {"Authorization": proof}, seconds)

    def _exchange(self, call: str, body: bytes, headers: dict[str, str], seconds: float) -> tuple[int, bytes]:
        method, path = call.split(" ")
        connection = http.client.HTTPConnection(self._address.host, self._address.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"the gate at {self._at} did not answer ({error})", "is it running?") from None
        finally:
            connection.close()

    @property
    def _at(self) -> str:
        return f"{self._address.host}:{self._address.port}"


def _error(status: int, answer: bytes) -> GateError:
    try:
        told = msgspec.json.decode(answer, type=dict[str, Any])
        return _KINDS.get(status, GateError)(str(told["error"]), str(told["remedy"]))
    except (msgspec.DecodeError, KeyError):
        return UnreachableError(f"the gate answered {status} and no sentence", "look at its log")
