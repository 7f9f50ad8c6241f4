"""Eventual consistency on demand: for some seconds after a change, chosen reads see the world before it."""

import time
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase

import msgspec

from dco_sandbox.exchange import Answer, Call, Exchange, Serve
from dco_sandbox.state import Name, live_backends, thaw


class Staleness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reads of matching actions answer what was true `seconds` ago; names may hold `*`."""

    service: str
    action: str
    seconds: float

    def concerns(self, call: Call) -> bool:
        """Say whether a call is such a read."""
        named = fnmatchcase(call.service, self.service) and fnmatchcase(call.action, self.action)
        return named and not call.mutating


class Past:
    """What backends held before each change, as long as a rule may ask for it; used inside the lock."""

    def __init__(self) -> None:
        self.rules: tuple[Staleness, ...] = ()
        self._replaced: deque[tuple[float, Name, bytes]] = deque()

    def remember(self, before: Mapping[Name, bytes]) -> None:
        """Keep what a save has just replaced; older than any rule asks for is dropped."""
        now, longest = time.monotonic(), max((rule.seconds for rule in self.rules), default=0.0)
        while self._replaced and self._replaced[0][0] < now - longest:
            self._replaced.popleft()
        if self.rules:
            self._replaced.extend((now, name, frozen) for name, frozen in before.items() if frozen)

    def as_of(self, seconds: float) -> dict[Name, bytes]:
        """Return the backends that have changed since then, as they were."""
        then = time.monotonic() - seconds
        found: dict[Name, bytes] = {}
        for replaced, name, frozen in self._replaced:
            if replaced > then:
                found.setdefault(name, frozen)
        return found


def stale(past: Past, serve: Serve) -> Serve:
    """Answer reads that a rule names from the past; must stand inside the lock, since it swaps moto's state."""

    def layer(exchange: Exchange) -> Answer:
        seconds = max((rule.seconds for rule in past.rules if rule.concerns(exchange.call)), default=0.0)
        with _restored(past.as_of(seconds) if seconds else {}):
            return serve(exchange)

    return layer


@contextmanager
def _restored(frozen: Mapping[Name, bytes]) -> Generator[None]:
    """Put older attributes into the live backends for the time of a call."""
    live = live_backends()
    present = {name: dict(live[name].__dict__) for name in frozen}
    try:
        for name, old in frozen.items():
            live[name].__dict__.clear()
            live[name].__dict__.update(thaw(old))
        yield
    finally:
        for name, attributes in present.items():
            live[name].__dict__.clear()
            live[name].__dict__.update(attributes)
