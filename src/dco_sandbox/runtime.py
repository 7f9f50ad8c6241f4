"""What the daemon gives to its layers, and what a layer is."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from dco_sandbox.processes import Processes
from dco_sandbox.world import World

Page = Callable[[str], Any]
"""Answers a GET of a path with something that JSON can hold, or None for 404; called inside the lock."""


@dataclass
class Runtime:
    """The one world of a daemon: its lock guards all of moto's state and the set of services to be saved."""

    world: World
    lock: threading.RLock
    processes: Processes
    dirty: set[str] = field(default_factory=set[str])
    pages: dict[str, Page] = field(default_factory=dict[str, Page])
    """By the beginning of their path (`/_ecs/v4/`), set by layers when installed: what is no AWS API."""
    drain_seconds: float | None = None
    """When set (`dco-sandbox break DIR slow N`): how long draining takes, whatever a target group says."""

    def touch(self, *services: str) -> None:
        """Mark moto services (`ecs`, `elbv2`, …) as changed: saved before the next answer or tick."""
        with self.lock:
            self.dirty.update(services)

    def take_dirty(self) -> set[str]:
        """Return the services marked since the last call, and forget the marks."""
        with self.lock:
            taken = set(self.dirty)
            self.dirty.clear()
        return taken


class Layer(Protocol):
    """A part of the emulated AWS whose state is made real."""

    def install(self, runtime: Runtime) -> None:
        """Patch moto's classes, once, before the server starts and before any state is loaded."""
        ...

    def tick(self, runtime: Runtime) -> None:
        """Make one quick pass of reconciliation; called every 150 ms, also after a restart found old state.

        Probe and wait outside `runtime.lock`, change moto's state inside it; what is slow runs as a process.
        """
        ...
