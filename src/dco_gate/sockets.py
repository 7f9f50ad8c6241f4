"""How the gate sets up its sockets."""

import asyncio
import socket

BUFFER = 262_144
"""How much may wait to be written before the other side is asked to stop."""
_PROBES = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


def tune(transport: asyncio.Transport) -> None:
    """Send at once, find out about a peer that vanished, and bound what waits."""
    transport.set_write_buffer_limits(high=BUFFER)
    connection = transport.get_extra_info("socket")
    if connection is None:
        return
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _PROBES:
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    except OSError:
        return  # it is closed already: whoever reads from it will see that
