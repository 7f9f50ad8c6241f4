"""A bucket with conditional writes and object lock (S3)."""

from typing import Protocol


class Objects(Protocol):
    """Small objects under slash-separated keys; every read sees every finished write."""

    def put_new(self, key: str, body: bytes) -> bool:
        """Write an object only if none is there; False when another was first.

        True when exactly this body stands there: it is what we wrote, and only the answer was lost. So a body whose
        writer matters must name the writer.
        """
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        ...

    def put_locked(self, key: str, body: bytes, days: int) -> bool:
        """As `put_new`, and nobody can rewrite or delete that version for so many days."""
        ...

    def get(self, key: str) -> bytes | None:
        """Return an object's body, None when there is none."""
        ...

    def first(self, key: str) -> bytes | None:
        """Return the oldest version's body: what stood there before anybody wrote over it."""
        ...

    def list(self, prefix: str, after: str = "") -> tuple[str, ...]:
        """Return the keys below a prefix that sort after `after`, sorted."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is fine."""
        ...
