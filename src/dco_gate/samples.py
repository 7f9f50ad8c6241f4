"""Query texts that were seen and of what kinds their parameters were, never the parameters: to warm a new server."""

import msgspec

from dco_gate import shapes
from dco_gate.shapes import Shape, Shapes

MOST = 500
LONGEST = 4_096
MOST_SHAPES = 8
"""How many combinations of kinds are kept of a text."""
EVERY = 16
"""After so many times only every so-manieth is looked at for its parameters' kinds: that takes longer than counting."""


class Sample(msgspec.Struct, frozen=True):
    """A text and how often it ran; `writes` if it ever ran in a transaction that may write.

    `shapes` are the combinations of kinds that its parameters had, by name, the most frequent first.
    """

    text: str
    writes: bool
    count: int
    shapes: tuple[dict[str, Shape], ...]


class _Seen:
    """What was seen of a text."""

    __slots__ = ("count", "shapes", "writes")

    def __init__(self) -> None:
        self.writes = False
        self.count = 0
        self.shapes: dict[Shapes, int] = {}


class Samples:
    """The texts used last: bounded in number and in length; a longer text is not kept."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[bytes, _Seen] = {}

    def note(self, text: bytes | None, raw: bytes, *, writes: bool) -> None:
        """Count a text that a RUN brings; the one unused for longest makes room."""
        if text is None or len(text) > LONGEST:
            return
        seen = self._seen.pop(text, None) or _Seen()
        self._seen[text] = seen
        seen.writes = seen.writes or writes
        seen.count += 1
        if seen.count <= EVERY or seen.count % EVERY == 0:
            _note_shapes(seen.shapes, raw)
        if len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]

    def all(self) -> tuple[Sample, ...]:
        """Give all, the most frequent first."""
        found = [
            Sample(text.decode(errors="replace"), seen.writes, seen.count, _most_frequent(seen.shapes))
            for text, seen in self._seen.items()
        ]
        return tuple(sorted(found, key=lambda one: -one.count))


def _note_shapes(known: dict[Shapes, int], raw: bytes) -> None:
    found = shapes.of_run(raw)
    if found is None:
        return
    if found not in known and len(known) == MOST_SHAPES:
        del known[min(known, key=lambda one: known[one])]
    known[found] = known.get(found, 0) + 1


def _most_frequent(known: dict[Shapes, int]) -> tuple[dict[str, Shape], ...]:
    return tuple(dict(one) for one in sorted(known, key=lambda one: -known[one]))
