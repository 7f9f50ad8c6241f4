"""What a client has sent and may not go to a server yet."""

from collections import deque

from dco_gate import bolt
from dco_gate.bolt import RESET
from dco_gate.framing import CONTINUED

MOST = 65_536
"""How many bytes of a client may wait before it is read no further."""


class Waiting:
    """Requests, or pieces of long ones, in their order."""

    __slots__ = ("_bytes", "_pieces")

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._bytes = 0

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._pieces)

    @property
    def full(self) -> bool:
        """Whether the client should be read no further."""
        return self._bytes > MOST

    @property
    def first(self) -> tuple[int, bytes]:
        """The piece that is next."""
        return self._pieces[0]

    def add(self, tag: int, raw: bytes) -> None:
        """Let a piece wait."""
        self._pieces.append((tag, raw))
        self._bytes += len(raw)

    def drop_first(self) -> None:
        """Forget the piece that was next."""
        self._bytes -= len(self._pieces.popleft()[1])

    def clear(self) -> None:
        """Forget all."""
        self._pieces.clear()
        self._bytes = 0

    def ignore_until_reset(self) -> bytes | None:
        """Forget what stands before a RESET, and give the answers to it; None if no RESET waits."""
        if all(tag != RESET for tag, _ in self._pieces):
            return None
        ignored = 0
        while self._pieces[0][0] != RESET:
            ignored += self._pieces[0][0] != CONTINUED
            self.drop_first()
        return bolt.message(bolt.IGNORED) * ignored
