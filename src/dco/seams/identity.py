"""Who is calling, and how to prove it to another process (STS)."""

from typing import Protocol


class Identity(Protocol):
    """The caller's proven identity."""

    def caller(self) -> str:
        """Return the ARN of who runs this process."""
        ...

    def prove(self, statement: str) -> str:
        """Return a signed request that only the caller can make and whose signature covers the statement."""
        ...

    def verify(self, proof: str, statement: str) -> str:
        """Return the ARN of who proved the statement. Raises `Refused` when it is not proved, or too old."""
        ...
