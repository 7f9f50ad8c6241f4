"""A client made of bytes, to do what no driver does."""

import socket
from typing import Any

from tests.real.gate.gates import Gate
from tests.real.plugin.servers import PASSWORD

from dco_gate import bolt as words
from dco_gate import handshake
from dco_gate.framing import SummaryReader


class Raw:
    """A client made of bytes, to do what no driver does."""

    def __init__(self, gate: Gate, *, buffer: int = 0, password: str = PASSWORD) -> None:
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect((gate.address, 7687))
        self.socket.settimeout(20)
        self.socket.sendall(handshake.proposal((5, 4)))
        assert self.socket.recv(4) == handshake.encode((5, 4))
        self._reader = SummaryReader()
        self.said = ""
        logon = {"scheme": "basic", "principal": "neo4j", "credentials": password}
        self.send(
            words.message(words.HELLO, {"user_agent": "raw/1", "bolt_agent": {"product": "raw/1"}}),
            words.message(words.LOGON, logon),
        )
        assert self.tags(2) == [words.SUCCESS] * 2

    def __del__(self) -> None:
        self.socket.close()

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def tags(self, count: int) -> list[int]:
        """Read so many summaries and give their tags."""
        found: list[int] = []
        while len(found) < count:
            piece = self.socket.recv(65_536)
            assert piece, "the gate closed the connection"
            for tag, content in self._reader.feed(piece):
                found.append(tag)
                if tag == words.FAILURE:
                    self.said = content.decode(errors="replace")
        return found


def run(text: str, **extra: Any) -> bytes:
    return words.message(words.RUN, text, {}, extra)


ALL = words.message(words.PULL, {"n": -1})
RESET = words.message(words.RESET)
BEGIN = words.message(words.BEGIN, {})
