"""Who speaks Bolt with a server past its gates."""

from collections.abc import Iterable

from dco.seams.gates import GateControl
from dco.seams.servers import Server

OWN = frozenset({"dco", "dco-stream"})
"""The user agents of our own connections, which no switch has to move."""
_LISTED = "CALL dbms.listConnections() YIELD clientAddress, userAgent RETURN clientAddress AS place, userAgent AS agent"


def past_gates(name: str, server: Server, gates: Iterable[GateControl]) -> tuple[str, ...]:
    """Return the clients that a database's server has beside its gates, each as `HOST:PORT (user agent)`.

    A client counts when it was there before and after the gates said which connections are theirs, so that nobody is
    named who comes or goes meanwhile. Where addresses are translated between gates and server, all are named.
    """
    before = _clients(server)
    through = frozenset[str]().union(*(gate.links(name) for gate in gates))
    after = _clients(server)
    return tuple(f"{place} ({before[place]})" for place in sorted(before.keys() & after.keys() - through))


def _clients(server: Server) -> dict[str, str]:
    rows = server.query(_LISTED, {}, undo=True)
    return {str(row["place"]): str(row["agent"]) for row in rows if row["agent"] not in OWN}
