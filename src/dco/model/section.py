"""What every table of `dco.toml` has in common."""

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of `dco.toml`: unknown keys are refused."""
