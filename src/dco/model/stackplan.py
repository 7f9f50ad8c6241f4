"""What Terraform would do to a stack."""

from typing import Any

import msgspec


class InUse(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that stands in a stack's state, with those of its attributes that AWS may stop to offer."""

    kind: str
    """Its type, `aws_instance`."""
    address: str
    said: dict[str, str] = {}


class StackPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What Terraform would do, from its own plan JSON."""

    changed: bool
    file: str
    """The saved plan; applying it does exactly this or nothing."""
    serial: int
    """The state's serial that it was made against."""
    resource_changes: tuple[dict[str, Any], ...] = ()
    """`resource_changes` of the plan JSON that are not no-ops, sensitive values masked; with `origins`, attribute → the
    data sources, resources and variables that its configuration names, as far as the plan tells."""
    drift: tuple[dict[str, Any], ...] = ()
    """`resource_drift` of the plan JSON, masked."""
    data_sources: dict[str, str] = {}
    """Data source address → fingerprint of what it resolved to."""
    in_use: tuple[InUse, ...] | None = None
    """What stands in the state; None where that could not be told."""
    deferred: int = 0
    """How many changes Terraform leaves for a later plan."""
    meaning: str = ""
    """Fingerprint of all the changes: equal for plans that would do the same."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """What would be created, changed, moved or destroyed."""
        return tuple(sorted({str(change["address"]) for change in self.resource_changes}))
