"""Faults on demand: a matching AWS call is throttled, fails, is slow, loses its answer, or kills its caller."""

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from dco_sandbox.exchange import Answer, Call, Dropped, Exchange, Serve, refuse

Kind = Literal["throttle", "error", "delay", "lose-response", "signal"]

# How the services themselves say it; all others use their protocol's own word.
_THROTTLED = {
    "ec2": ("RequestLimitExceeded", 503),
    "s3": ("SlowDown", 503),
    "elbv2": ("Throttling", 400),
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "sns": ("Throttled", 429),
}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What goes wrong, for which calls and how often; `service`, `action` and `user_agent` may hold `*`."""

    kind: Kind
    service: str = "*"
    action: str = "*"
    user_agent: str = "*"
    mutating: bool | None = None
    """Only calls that change something (true), only those that don't (false), or any."""
    after: int = 0
    """How many matching calls pass before the first is hit."""
    count: int | None = None
    """How many calls are hit; all of them when absent."""
    seconds: float = 1.0
    """For `delay`: how long."""
    code: str | None = None
    """For `throttle` and `error`: the error's code."""
    status: int | None = None
    pid: int | None = None
    """For `signal`: who gets it."""
    signal: int = signal.SIGKILL
    when: Literal["before", "after"] = "before"
    """For `signal`: whether the call has its effect first. The caller gets no answer in either case."""

    def concerns(self, call: Call) -> bool:
        """Say whether a call is one that the rule is about, how often it was met aside."""
        return (
            fnmatchcase(call.service, self.service)
            and fnmatchcase(call.action, self.action)
            and fnmatchcase(call.user_agent, self.user_agent)
            and self.mutating in (None, call.mutating)
        )

    def sentence(self) -> str:
        """Tell the rule to a person."""
        often = "every time" if self.count is None else f"{self.count} times"
        later = f" after the first {self.after}" if self.after else ""
        return f"{self.kind} {self.service}:{self.action}, {often}{later}"


@dataclass
class _Armed:
    """A rule with how often it was met."""

    rule: Rule
    met: int = 0

    def strikes(self, call: Call) -> bool:
        if not self.rule.concerns(call) or self.spent():
            return False
        self.met += 1
        return self.met > self.rule.after

    def spent(self) -> bool:
        return self.rule.count is not None and self.met >= self.rule.after + self.rule.count


class Faults:
    """The rules in force; the first one that a call meets strikes. Its methods may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def add(self, rule: Rule) -> None:
        """Put a rule in force behind those already there."""
        with self._lock:
            self._armed.append(_Armed(rule))

    def clear(self) -> None:
        """End all rules."""
        with self._lock:
            self._armed.clear()

    def in_force(self) -> list[tuple[Rule, int]]:
        """Return the rules that can still strike, each with how many matching calls it has met."""
        with self._lock:
            return [(armed.rule, armed.met) for armed in self._armed if not armed.spent()]

    def strike(self, call: Call) -> Rule | None:
        """Return the rule that hits this call, if any, and count it."""
        with self._lock:
            return next((armed.rule for armed in self._armed if armed.strikes(call)), None)


def faulty(faults: Faults, serve: Serve) -> Serve:
    """Let rules strike; stands outside the lock, so that a delayed call holds up no other."""

    def layer(exchange: Exchange) -> Answer:
        rule = faults.strike(exchange.call)
        if rule is None:
            return serve(exchange)
        if rule.kind in {"throttle", "error"}:
            return _refusal(rule, exchange.call)
        if rule.kind == "delay":
            time.sleep(rule.seconds)
            return serve(exchange)
        if rule.kind == "lose-response" or rule.when == "after":
            serve(exchange)
        if rule.kind == "signal" and rule.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(rule.pid, rule.signal)
        raise Dropped

    return layer


def _refusal(rule: Rule, call: Call) -> Answer:
    if rule.kind == "throttle":
        code, status = _THROTTLED.get(call.service, ("ThrottlingException", 400))
        return refuse(call, rule.code or code, "Rate exceeded", rule.status or status)
    code, status = rule.code or "InternalFailure", rule.status or (500 if rule.code is None else 400)
    return refuse(call, code, "The sandbox was told to fail this call", status)
