"""Asks the warm provider of a world to serve in our place: `python -I -S knock.py SOCKET [ARGUMENT…]`.

Terraform starts a provider three times a plan, and importing gRPC and botocore takes most of each start. This file
imports next to nothing: it hands its streams, environment and directory over and lives as long as the child that
serves. Exit code 111 says that nobody answered: the provider is then started the slow way.
"""

import json
import os
import signal
import socket
import sys

NOBODY = 111


def knock(path: str, arguments: list[str]) -> int:
    """Hand over to the process behind a socket; return when it has ended."""
    door = socket.socket(socket.AF_UNIX)
    try:
        door.connect(path)
    except OSError:
        return NOBODY
    wishes = {"arguments": arguments, "environment": dict(os.environ), "directory": os.getcwd()}  # noqa: PTH109  # pathlib takes longer to import than all of this
    socket.send_fds(door, [b"."], [0, 1, 2])
    door.sendall(json.dumps(wishes).encode() + b"\n")
    # Ctrl-C goes to Terraform as well, which then tells its providers: only its word counts
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # whoever serves watches this connection: when we are killed, it ends too
    door.recv(1)
    return 0


if __name__ == "__main__":
    sys.exit(knock(sys.argv[1], sys.argv[2:]))
