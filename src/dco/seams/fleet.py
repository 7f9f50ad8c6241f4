"""What AWS says about machines, their images, and what it will change by itself (EC2, ELB, Health)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec


class MachineImageState(msgspec.Struct, frozen=True, kw_only=True):
    """A machine image. Times are ISO 8601."""

    id: str
    name: str
    created: str
    deprecated: str | None = None
    """When it is (or was) deprecated; None for never."""
    available: bool = True


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that was not ended, whether it runs or is stopped."""

    id: str
    image: str
    kind: str
    """Its instance type."""
    zone: str
    tags: dict[str, str] = {}
    image_name: str = ""
    """What its image is called, also when that was deregistered; empty where that can't be told."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that AWS will do, or that goes on there, by itself."""

    subject: str
    """What it is about: an instance's id, a service."""
    what: str
    begins: str | None = None


class Fleet(Protocol):
    """Reads only. Every method raises `Unreadable` when AWS did not tell for certain."""

    def instances(self, tags: Mapping[str, str]) -> tuple[Instance, ...]:
        """Return the machines with all of these tags."""
        ...

    def image(self, identifier: str) -> MachineImageState | None:
        """Return an image; None when it is deregistered, or not shared with this account."""
        ...

    def images(self, owner: str, name: str, architecture: str) -> tuple[MachineImageState, ...]:
        """Return the images of an owner (account or alias) whose name fits a pattern, deprecated ones included."""
        ...

    def kinds(self) -> Mapping[str, frozenset[str]]:
        """Return every instance type that the region offers, and in which zones; at least one."""
        ...

    def scheduled(self, instances: Iterable[str]) -> tuple[Notice, ...]:
        """Return what AWS has scheduled for machines: reboots, retirements."""
        ...

    def tls_policies(self) -> Mapping[str, frozenset[str]]:
        """Return every TLS policy of load balancers and the protocols that it allows; at least one."""
        ...

    def health(self) -> tuple[Notice, ...]:
        """Return open and upcoming events of this account. Raises `Unreadable` without a support plan that has it."""
        ...

    def heard(self, group: str, now: datetime) -> tuple[Notice, ...]:
        """Return the same from a log group that EventBridge fills. Raises `Unreadable` when nothing would fill it."""
        ...
