"""Keeps the world's warm provider running."""

import os
import sys

from dco_sandbox.runtime import Runtime

NAME = "provider"
SOCKET = "provider.sock"
_LONGEST = 100
"""A socket's path may hold little more than this; a world in a deeper place starts its providers the slow way."""


class ProviderLayer:
    """No part of AWS: the Terraform provider that stands ready."""

    def install(self, runtime: Runtime) -> None:
        """Start it early: the first plan wants it."""
        self.tick(runtime)

    def tick(self, runtime: Runtime) -> None:
        """Start it when it is not there."""
        socket = runtime.world.sandbox / SOCKET
        if len(str(socket)) > _LONGEST or runtime.processes.find(NAME) is not None:
            return
        runtime.processes.start(
            NAME,
            [sys.executable, "-P", "-m", "dco_sandbox.provider.warm", str(socket)],
            env={"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/")},
            cwd=runtime.world.sandbox,
        )
