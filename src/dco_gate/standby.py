"""A client's connection to another server, opened and logged on before it is needed."""

import ssl

from dco_gate import upstream
from dco_gate.bolt import Version
from dco_gate.identity import Identity
from dco_gate.servers import Server
from dco_gate.upstream import Upstream


class Standby:
    """At most one spare connection of a client."""

    __slots__ = ("_closed", "_identity", "_spare", "_version")

    def __init__(self, version: Version, identity: Identity) -> None:
        self._version = version
        self._identity = identity
        self._spare: Upstream | None = None
        self._closed = False

    @property
    def ready(self) -> bool:
        """Whether there is one that works."""
        return self._spare is not None and not self._spare.closed

    @property
    def spare(self) -> Upstream | None:
        """The connection itself, if there is one."""
        return self._spare

    async def prepare(self, server: Server, trust: ssl.SSLContext) -> bool:
        """Open one to this server; say whether there is one now. Raises `UnreachableError`."""
        if self._spare is not None and self._spare.server == server and self.ready:
            return True
        self.drop()
        known = self._identity.requests
        if self._identity.changing or self._closed:
            return False
        opened = await upstream.connect(server, self._version, known, trust)
        if self._closed or self._identity.changing or self._identity.requests != known or self._spare is not None:
            opened.close()
            return False
        self._spare = opened
        return True

    def take(self, server: Server) -> Upstream | None:
        """Give away the one to this server; None if there is none."""
        if self._spare is None or not self.ready or self._spare.server != server:
            return None
        taken, self._spare = self._spare, None
        return taken

    def drop(self) -> None:
        """Close it. May be called twice."""
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def close(self) -> None:
        """Close it, and open no other."""
        self._closed = True
        self.drop()
