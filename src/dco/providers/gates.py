"""Gates' control over HTTP, each call signed."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from dco.model.databases import Gate
from dco.model.errors import ConfigurationError, StepFailed, Unreadable
from dco.model.switch import Switch
from dco.providers.web import HttpWeb
from dco.seams.gates import Sampled, Standing
from dco.seams.parameters import Parameters
from dco.seams.web import Answer

SECONDS = 10.0
PROOF_SECONDS = 30
OK, FORBIDDEN, NOT_NOW = 200, 401, 409
REMEMBERED_SECONDS = 60.0
"""How long a list of gates is good. A switch asks many times, and none of them may wait for a parameter."""


class HttpGates:
    """Implements `dco.seams.gates.Gates`. A gate's identity is asked for once, and again when it was started again."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._known: dict[str, HttpGate] = {}
        self._listed: dict[str, tuple[float, tuple[str, ...]]] = {}

    def controls(self, gate: Gate) -> Mapping[str, "HttpGate"]:
        """Return the control of every gate of a database, by its address; no gate is asked yet."""
        named = gate.control if gate.control_parameter is None else self._named(gate.control_parameter)
        for address in named:
            if address not in self._known:
                self._known[address] = HttpGate(address, self._key(gate))
        return {address: self._known[address] for address in named}

    def _named(self, parameter: str) -> tuple[str, ...]:
        """Give the addresses that a parameter lists; what it said before stands while it can't be read."""
        read_at, named = self._listed.get(parameter, (0.0, ()))
        if named and time.monotonic() - read_at < REMEMBERED_SECONDS:
            return named
        try:
            named = self._read(parameter)
        except Unreadable:
            if not named:
                raise
        self._listed[parameter] = (time.monotonic(), named)
        return named

    def _read(self, parameter: str) -> tuple[str, ...]:
        text = self._parameters.get(parameter)
        try:
            named = msgspec.json.decode(text or "[]", type=tuple[str, ...])
        except msgspec.MsgspecError:
            named = ()
        if not named:
            raise ConfigurationError(
                f"parameter {parameter} names no gate",
                'it must be ["http://HOST:PORT", …]: correct control_parameter in dco.toml, or apply Terraform first',
            )
        return named

    def _key(self, gate: Gate) -> bytes:
        try:
            return bytes.fromhex(self._parameters.secret(gate.secret)["key"].split()[0])
        except (KeyError, ValueError, IndexError):
            raise ConfigurationError(
                f"secret {gate.secret} holds no key of a gate", 'it must be {"key": "64 hexadecimal digits"}'
            ) from None


class HttpGate:
    """Implements `dco.seams.gates.GateControl`; docs/gate.md has the protocol."""

    def __init__(self, address: str, key: bytes) -> None:
        self._address = address.rstrip("/")
        self._key = key
        self._web = HttpWeb()
        self._gate = ""
        self._ahead = 0.0

    def standing(self, database: str) -> Standing:
        """Tell which server it serves, and whether it holds."""
        told = self._call("GET /status", None)
        if database not in told:
            known = ", ".join(sorted(told)) or "none"
            raise ConfigurationError(
                f"the gate at {self._address} serves no database {database}",
                f"it is of another world; it serves: {known}",
            )
        return msgspec.convert(told[database], Standing)

    def queries(self, database: str) -> tuple[Sampled, ...]:
        """Tell texts of queries, the most frequent first."""
        return msgspec.convert(self._call("GET /queries", None).get(database, []), tuple[Sampled, ...])

    def links(self, database: str) -> frozenset[str]:
        """Tell from where it is connected to servers, as these list their connections."""
        return msgspec.convert(self._call("GET /links", None).get(database, []), frozenset[str])

    def offer(self, database: str, servers: tuple[str, ...]) -> None:
        """Offer only versions of Bolt that all these servers speak."""
        self._call("POST /versions", {"database": database, "servers": servers})

    def prepare(self, database: str, server: str | None) -> None:
        """Have a session at this server ready for each client; None ends that."""
        self._call("POST /prepare", {"database": database, "server": server})

    def hold(self, database: str, switch: Switch, drain_seconds: float) -> float:
        """Hold new writes until the switch is decided; return after how many ms none was under way."""
        order = {
            "database": database,
            "switch": switch.id,
            "candidates": {name: {"blue": way.source, "green": way.target} for name, way in switch.ways.items()},
            "drain_seconds": drain_seconds,
            "time_box_seconds": switch.time_box_seconds,
        }
        return float(self._call("POST /hold", order, SECONDS + drain_seconds)["drained_ms"])

    def learn(self, database: str, switch: str) -> None:
        """Read the decision, and remember it for `move`."""
        self._call("POST /learn", {"database": database, "switch": switch})

    def move(self, database: str, switch: str) -> None:
        """Obey the decision now."""
        self._call("POST /move", {"database": database, "switch": switch})

    def _call(self, call: str, order: Any, seconds: float = SECONDS) -> dict[str, Any]:
        body = b"" if order is None else msgspec.json.encode(order)
        answer = self._signed(call, body, seconds)
        if answer.status == FORBIDDEN:
            self._gate = ""  # it may have been started again: then nothing was done
            answer = self._signed(call, body, seconds)
        if answer.status == OK:
            return msgspec.json.decode(answer.body, type=dict[str, Any])
        raise self._refusal(answer)

    def _signed(self, call: str, body: bytes, seconds: float) -> Answer:
        method, path = call.split(" ")
        if not self._gate:
            self._identify()
        nonce, expires = secrets.token_hex(16), int(time.time() + self._ahead) + PROOF_SECONDS
        words = ("dco-gate", self._gate, call, hashlib.sha256(body).hexdigest(), nonce, str(expires))
        mac = hmac.new(self._key, "\n".join(words).encode(), hashlib.sha256).hexdigest()
        headers = {"Authorization": f"DCO-GATE {nonce} {expires} {mac}", "Content-Type": "application/json"}
        return self._web.send(self._address + path, method=method, body=body or None, timeout=seconds, headers=headers)

    def _identify(self) -> None:
        answer = self._web.send(f"{self._address}/identity", method="GET", body=None, timeout=SECONDS, headers={})
        try:
            told = msgspec.json.decode(answer.body, type=dict[str, Any])
            self._gate, self._ahead = str(told["gate"]), float(told["now"]) - time.time()
        except (msgspec.DecodeError, KeyError, ValueError):
            raise Unreadable(
                f"the gate at {self._address} does not answer: {answer.status} {answer.body[:100]}", "is it running?"
            ) from None

    def _refusal(self, answer: Answer) -> ConfigurationError | StepFailed | Unreadable:
        try:
            told = msgspec.json.decode(answer.body, type=dict[str, Any])
            what, remedy = f"the gate at {self._address}: {told['error']}", str(told.get("remedy", ""))
        except (msgspec.DecodeError, KeyError):
            return Unreadable(f"the gate at {self._address} does not answer: {answer.body[:200]}", "is it running?")
        if running := told.get("running"):
            what += f" ({running})"
        if answer.status == NOT_NOW:
            return StepFailed(what, remedy)
        return (
            Unreadable(what, remedy) if answer.status not in {400, FORBIDDEN, 404} else ConfigurationError(what, remedy)
        )
