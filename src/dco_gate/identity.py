"""Who a client has said that it is: kept in memory to say it again to another server, never shown and never stored."""

from collections import deque

from dco_gate.bolt import HELLO, LOGOFF, LOGON


class Identity:
    """The HELLO and the LOGON that were accepted last, as the client sent them."""

    __slots__ = ("_asked", "_hello", "_logon")

    def __init__(self) -> None:
        self._asked: deque[bytes] = deque()
        self._hello: bytes | None = None
        self._logon: bytes | None = None

    def __repr__(self) -> str:
        """Never tell what is inside: it holds credentials."""
        return "Identity(…)"

    @property
    def changing(self) -> bool:
        """Whether a server has yet to answer."""
        return bool(self._asked)

    @property
    def requests(self) -> tuple[bytes, ...]:
        """What to send to another server so that it knows the client as this one does."""
        return tuple(one for one in (self._hello, self._logon) if one is not None)

    def asked(self, tag: int, raw: bytes) -> None:
        """Note a HELLO, LOGON or LOGOFF on its way."""
        del tag
        self._asked.append(raw)

    def answered(self, tag: int, *, succeeded: bool) -> None:
        """Note the answer to the oldest one on its way."""
        raw = self._asked.popleft()
        if not succeeded:
            return
        if tag == HELLO:
            self._hello = raw
        elif tag == LOGON:
            self._logon = raw
        elif tag == LOGOFF:
            self._logon = None
