"""What the daemon gives to its layers, and what a layer is."""

import threading
from dataclasses import dataclass, field
from typing import Protocol

from dco_sandbox.processes import Processes
from dco_sandbox.world import World


@dataclass
class Runtime:
    """The one world of a daemon: its lock guards all of moto's state and the set of services to be saved."""

    world: World
    lock: threading.RLock
    processes: Processes
    dirty: set[str] = field(default_factory=set)

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
