"""What a review finds in a configuration as it stands."""

import msgspec


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that should be otherwise: by which rule, where, what it is, and what to do."""

    rule: str
    where: str
    """`PATH:LINE`, or a path alone."""
    what: str
    """A sentence, with the address of what it is about."""
    remedy: str
    by: str = "dco"
    """Who says so: `dco`, `checkov` or `tflint`."""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """All remarks, and what could not be looked at: silence about it proves nothing."""

    remarks: tuple[Remark, ...] = ()
    not_looked_at: tuple[str, ...] = ()
