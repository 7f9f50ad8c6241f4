"""A wire between two ends on loopback addresses that a test may cut, slow down or disturb."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable

PIECE = 1 << 16


class Wire:
    """Carries what comes to `address:port` to another place; cut, it refuses and drops; `harm` may change it."""

    def __init__(self, address: str, port: int, to: tuple[str, int]) -> None:
        self.to = to
        self.harm: Callable[[bytes], bytes] | None = None
        """Changes bytes on their way to whoever connected."""
        self._cut = threading.Event()
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((address, port), reuse_port=True)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._cut.set()
        with self._lock:
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let through again."""
        self._cut.clear()

    def close(self) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._cut.is_set():
                near.close()
                continue
            threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self.to, 5)
        except OSError:
            near.close()
            return
        with self._lock:
            self._ends |= {near, far}
        threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
        self._carry(far, near, True)

    def _carry(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                if back and self.harm is not None:
                    data = self.harm(data)
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        time.sleep(0.05)
        with self._lock:
            self._ends -= {source, target}
        source.close()
