"""What surrounds that which runs, and who changed it (ECS, EC2, IAM, SSM, CloudTrail)."""

from typing import Protocol

import msgspec

Facts = dict[str, dict[str, str]]
"""`KIND/NAME` → fact → value; a secret is never a value."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read."""

    services: tuple[tuple[str, str], ...] = ()
    """Cluster and service."""
    revisions: tuple[str, ...] = ()
    """Task definition revisions that were released: their roles and parameters are read."""
    databases: tuple[str, ...] = ()
    """Names of databases; their machines carry the tag `dco:database`."""
    parameters: tuple[str, ...] = ()


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed something last, when, by which call."""

    who: str
    at: str
    call: str


class Surroundings(Protocol):
    """Reads only. Every method raises `Unreadable` or `ConfigurationError` when AWS did not tell for certain."""

    def facts(self, wanted: Wanted) -> Facts:
        """Return the services' settings, and security groups, roles and parameters as far as they are used."""
        ...

    def last_change(self, kind: str, name: str, since: str) -> Trace | None:
        """Return who changed `KIND/NAME` last since a time; None when the trail names nobody (yet)."""
        ...
