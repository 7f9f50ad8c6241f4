"""Query texts that were seen, never their parameters, so that a new server can be warmed with them."""

import msgspec

MOST = 500
LONGEST = 4_096


class Sample(msgspec.Struct, frozen=True):
    """A text and how often it ran; `writes` if it ever ran in a transaction that may write."""

    text: str
    writes: bool
    count: int


class Samples:
    """The texts used last: bounded in number and in length; a longer text is not kept."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[bool, int]] = {}

    def note(self, text: bytes | None, *, writes: bool) -> None:
        """Count a text; the one unused for longest makes room."""
        if text is None or len(text) > LONGEST:
            return
        before = self._seen.pop(text, (False, 0))
        self._seen[text] = (before[0] or writes, before[1] + 1)
        if len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]

    def all(self) -> tuple[Sample, ...]:
        """Give all, the most frequent first."""
        found = [Sample(text.decode(errors="replace"), *seen) for text, seen in self._seen.items()]
        return tuple(sorted(found, key=lambda one: -one.count))
