"""What a look at everything found: the changes, and what planning needs of them."""

import msgspec

from dco.model.change import ChangeSet
from dco.model.stackplan import StackPlan


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a revision's files mean, by fingerprint; what could not be read is left out."""

    applications: dict[str, str] = {}
    """Application → fingerprint of what its image would hold."""
    stacks: dict[str, str] = {}
    """Stack → fingerprint of its configuration's meaning."""
    inputs: dict[str, str] = {}
    """Stack → fingerprint of what `dco.toml` gives it beside its files."""
    workflows: dict[str, str] = {}
    """Workflow path → fingerprint of its meaning."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """All that detection found, as plain JSON, so that a resumed night goes on with what was seen."""

    changes: ChangeSet
    contents: Contents = Contents()
    plans: dict[str, StackPlan] = {}
    """Stack → what Terraform would do, of those where it would do something."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What was found between two commits, for a person or a machine to read."""

    before: str
    after: str
    changes: ChangeSet
    not_looked_at: tuple[str, ...] = ()
    """What could not be looked at, by what it is."""
    ages: dict[str, str] = {}
    """Component → since when it has differed, ISO 8601."""
