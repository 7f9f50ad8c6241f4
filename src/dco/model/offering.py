"""How an offering ended."""

import msgspec


class OfferingEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an offering: whether it was well, and a sentence with its last words where it was not."""

    well: bool
    sentence: str
    log: tuple[str, ...] = ()
