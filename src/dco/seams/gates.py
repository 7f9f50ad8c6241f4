"""The gates through which clients reach databases."""

from collections.abc import Mapping
from typing import Optional, Protocol

import msgspec

from dco.model.databases import Gate
from dco.model.switch import Switch


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a gate stands for one database."""

    serving: str
    held: str | None
    sessions: int
    failed: int
    moved: int
    waiting: int
    versions: tuple[str, ...] | None = None
    """The versions of Bolt that are offered, if not all."""
    transactions: int = 0
    """How many transactions have ended since it was started, and how long they took in all."""
    transaction_seconds: float = 0.0
    behind: int = 0
    """How many sessions are with another server than the one that serves."""


class Shape(msgspec.Struct, frozen=True):
    """Of what kind a parameter was, never what it was.

    Strings, bytes and lists have a size, rounded up to a power of ten; a list has its first element's shape.
    """

    kind: str
    size: int = 0
    of: Optional["Shape"] = None


class Sampled(msgspec.Struct, frozen=True):
    """A query's text that a gate saw, never its parameters; whether it writes, and how often.

    `shapes` are the combinations of kinds that its parameters had, by name, the most frequent first.
    """

    text: str
    writes: bool
    count: int
    shapes: tuple[dict[str, Shape], ...] = ()


class GateControl(Protocol):
    """One gate's control. Every call may be repeated.

    Raises `Unreadable` when the gate does not answer, `StepFailed` with its sentence when it refuses, and
    `ConfigurationError` for a wrong key.
    """

    def standing(self, database: str) -> Standing:
        """Tell which server it serves, and whether it holds."""
        ...

    def queries(self, database: str) -> tuple[Sampled, ...]:
        """Tell texts of queries, the most frequent first."""
        ...

    def links(self, database: str) -> frozenset[str]:
        """Tell from where it is connected to servers, `HOST:PORT` as these list their connections."""
        ...

    def offer(self, database: str, servers: tuple[str, ...]) -> None:
        """Offer only versions of Bolt that all these servers speak; none named: all again."""
        ...

    def prepare(self, database: str, server: str | None) -> None:
        """Have a session at this server ready for each client; None ends that."""
        ...

    def hold(self, database: str, switch: Switch, drain_seconds: float) -> float:
        """Hold new writes until the switch is decided; return after how many ms none was under way."""
        ...

    def learn(self, database: str, switch: str) -> None:
        """Read the decision of the switch that it holds for, and remember it for `move`."""
        ...

    def move(self, database: str, switch: str) -> None:
        """Obey the decision now."""
        ...


class Gates(Protocol):
    """Where gates are spoken with."""

    def controls(self, gate: Gate) -> Mapping[str, GateControl]:
        """Return the control of every gate of a database, by its address; no gate is asked yet.

        Raises `ConfigurationError` when the parameter that lists them names none, `Unreadable` when it can't be read.
        """
        ...
