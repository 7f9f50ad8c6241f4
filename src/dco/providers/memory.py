"""A bucket in memory, with the same conditional writes, versions and locks, for tests."""


class MemoryObjects:
    """Implements `dco.seams.objects.Objects`; every version of every object is kept."""

    def __init__(self) -> None:
        self.versions: dict[str, list[bytes | None]] = {}
        """Key → its versions, oldest first; None is a deletion."""
        self.writes = 0

    def put_new(self, key: str, body: bytes) -> bool:
        """Write an object only if none is there."""
        if self.get(key) is not None:
            return False
        self.put(key, body)
        return True

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        self.writes += 1
        self.versions.setdefault(key, []).append(body)

    def put_locked(self, key: str, body: bytes, days: int) -> bool:
        """As `put_new`; the first version stays whatever is written over it."""
        del days
        return self.put_new(key, body)

    def get(self, key: str) -> bytes | None:
        """Return an object's body, None when there is none."""
        return self.versions.get(key, [None])[-1]

    def first(self, key: str) -> bytes | None:
        """Return the oldest version's body."""
        return self.versions.get(key, [None])[0]

    def list(self, prefix: str, after: str = "") -> tuple[str, ...]:
        """Return the keys below a prefix that sort after `after`, sorted."""
        return tuple(
            sorted(key for key in self.versions if key.startswith(prefix) and key > after and self.get(key) is not None)
        )

    def delete(self, key: str) -> None:
        """Delete an object; its versions stay."""
        if self.get(key) is not None:
            self.versions[key].append(None)
