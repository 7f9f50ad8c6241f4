"""The daemon's own API below `/_sandbox/`: what runs, which faults are in force, how slow the world is."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from dco_sandbox.consistency import Past, Staleness
from dco_sandbox.faults import Faults, Rule
from dco_sandbox.loop import Loop
from dco_sandbox.runtime import Runtime
from dco_sandbox.survey import survey


class _Slowness(msgspec.Struct, forbid_unknown_fields=True):
    drain_seconds: float | None = None


@dataclass(frozen=True)
class Control:
    """Answers a method and a path; None means that there is no such thing."""

    runtime: Runtime
    faults: Faults
    past: Past
    loop: Loop

    def __call__(self, method: str, path: str, body: bytes) -> Any:
        """Do what is asked, and return what JSON can hold; what can't be read is said in the answer."""
        actions: dict[tuple[str, str], Callable[[bytes], Any]] = {
            ("GET", "status"): lambda _: self._status(),
            ("GET", "faults"): lambda _: self._rules(),
            ("POST", "faults"): self._add,
            ("DELETE", "faults"): lambda _: self._clear(),
            ("POST", "stale"): self._stale,
            ("POST", "slow"): self._slow,
            ("POST", "stop"): lambda _: self._stop(),
        }
        action = actions.get((method, path))
        try:
            return None if action is None else action(body)
        except msgspec.MsgspecError as error:
            return {"error": str(error)}

    def _status(self) -> dict[str, Any]:
        seen = survey(self.runtime)
        return {**seen, "daemon": os.getpid(), "faults": self._rules(), "layers": self.loop.report()}

    def _rules(self) -> list[dict[str, Any]]:
        return [
            {"rule": msgspec.to_builtins(rule), "met": met, "says": rule.sentence()}
            for rule, met in self.faults.in_force()
        ]

    def _add(self, body: bytes) -> list[dict[str, Any]]:
        self.faults.add(msgspec.json.decode(body, type=Rule))
        return self._rules()

    def _clear(self) -> list[dict[str, Any]]:
        self.faults.clear()
        self.past.rules = ()
        self.runtime.drain_seconds = None
        return self._rules()

    def _stale(self, body: bytes) -> list[Any]:
        self.past.rules = (*self.past.rules, msgspec.json.decode(body, type=Staleness))
        return [msgspec.to_builtins(rule) for rule in self.past.rules]

    def _slow(self, body: bytes) -> dict[str, Any]:
        self.runtime.drain_seconds = msgspec.json.decode(body, type=_Slowness).drain_seconds
        return {"drain_seconds": self.runtime.drain_seconds}

    def _stop(self) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGTERM)
        return {"stopping": os.getpid()}
