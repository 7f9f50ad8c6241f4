"""Where decisions and effects are written down."""

from typing import Any, Protocol


class Journal(Protocol):
    """The append-only journal of an environment."""

    def write(self, night: str, kind: str, sentence: str, token: str, facts: dict[str, Any] | None = None) -> None:
        """Append an entry; it is durable when this returns. A night writes one entry under a token."""
        ...
