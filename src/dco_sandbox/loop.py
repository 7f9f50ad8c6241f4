"""The daemon's loop: every layer makes a pass every 150 ms; one that breaks does not stop the others."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dco_sandbox.consistency import Past
from dco_sandbox.runtime import Layer, Runtime
from dco_sandbox.state import State

PERIOD = 0.15

_log = logging.getLogger(__name__)


@dataclass
class _Passes:
    """What became of a layer's passes."""

    layer: Layer
    done: int = 0
    failed: int = 0
    last_error: str | None = None
    slowest_ms: float = 0.0

    @property
    def name(self) -> str:
        return type(self.layer).__name__

    def make(self, runtime: Runtime) -> None:
        """Make one pass; an error is kept and logged once, until it changes."""
        began = time.monotonic()
        try:
            self.layer.tick(runtime)
        except Exception as error:  # noqa: BLE001 - the edge: the other layers' world must go on
            said = f"{type(error).__name__}: {error}"
            if said != self.last_error:
                _log.exception("%s broke in its pass", self.name)
            self.failed, self.last_error = self.failed + 1, said
        self.done += 1
        self.slowest_ms = max(self.slowest_ms, (time.monotonic() - began) * 1000)


@dataclass
class Loop:
    """Runs the layers' passes in a thread per layer, so that a slow one delays only itself."""

    layers: Sequence[Layer]
    runtime: Runtime
    state: State
    past: Past
    _stop: threading.Event = field(default_factory=threading.Event)
    _passes: list[_Passes] = field(default_factory=list[_Passes])
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def start(self) -> None:
        """Begin; call it once, after the state is loaded."""
        self._passes = [_Passes(layer) for layer in self.layers]
        self._threads = [
            threading.Thread(target=self._run, args=(passes.make,), name=passes.name, daemon=True)
            for passes in self._passes
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the running passes end, and make no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def report(self) -> list[dict[str, str | int | float | None]]:
        """Tell how each layer fares."""
        return [
            {
                "layer": passes.name,
                "passes": passes.done,
                "failed": passes.failed,
                "last_error": passes.last_error,
                "slowest_ms": round(passes.slowest_ms, 1),
            }
            for passes in self._passes
        ]

    def _run(self, make: Callable[[Runtime], None]) -> None:
        while not self._stop.wait(PERIOD):
            make(self.runtime)
            with self.runtime.lock:
                if self.runtime.dirty:
                    self.past.remember(self.state.save(self.runtime.take_dirty()))
