"""A switch of a pair of databases from the servers that serve to others, and how it was decided."""

from typing import Literal

import msgspec

NAMES = ("neo4j", "system")
"""The databases of a server that move together."""


class Way(msgspec.Struct, frozen=True):
    """From which server to which, as Bolt addresses."""

    source: str
    target: str


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be switched: for each database a way. All of them end at their targets, or all at their sources."""

    id: str
    ways: dict[str, Way]
    why: str
    began: str
    """When it was begun, ISO 8601."""
    time_box_seconds: float = 5.0
    """Past it anybody may decide that all stays as it was."""

    @property
    def back(self) -> dict[str, Way]:
        """The ways of the switch that would go back."""
        return {database: Way(way.target, way.source) for database, way in self.ways.items()}


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """How one database of a server stands."""

    transaction: int
    checksum: int
    """The last transaction's, which covers all before it: two servers of one history agree in it."""
    fenced: bool
    reason: str
    """Why it is fenced."""
    following: bool


class End(msgspec.Struct, frozen=True):
    """What a target must show to be promoted: the last transaction of its fenced source, and why it is fenced itself.

    The checksum covers everything before it, too: who agrees in it has the same history.

    The reason is another after each switch: nobody who slept through one can promote what that one has fenced.
    """

    transaction: int
    checksum: int
    reason: str


Ends = dict[str, dict[str, End]]
"""Database → name → end."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """How a switch ended: `green` for the targets, `blue` for the sources. The gates obey the same object."""

    switch: str
    databases: tuple[str, ...]
    winner: Literal["green", "blue"]
    servers: dict[str, str]
    """Database → the address of the server that serves."""
    decided_at: str
    ends: Ends | None = None
    """Where the sources ended, which whoever promotes the targets must know; None for `blue`."""
