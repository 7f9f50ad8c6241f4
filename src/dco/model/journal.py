"""An entry of the journal: a decision or an effect, chained to the one before by its hash."""

import hashlib
from typing import Any

import msgspec

from dco.model.canonical import canonical


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal. `sentence` is what a person reads, `facts` what a machine needs (undo included)."""

    sequence: int
    previous: str
    """Hash of the entry before, or 64 zeros for the first."""
    at: str
    night: str
    kind: str
    """`night offering detected planned approval step done undone verified ended person`: one of these words."""
    sentence: str
    token: str
    """Names this entry within its night, so that a step that runs twice writes it once."""
    facts: dict[str, Any] = {}

    @property
    def digest(self) -> str:
        """SHA-256 over the whole entry; what the next entry names as `previous`."""
        return hashlib.sha256(canonical(self)).hexdigest()


FIRST = "0" * 64
