"""Two servers that are compared, by the plugin and over Bolt."""

from collections.abc import Callable
from typing import Any

from tests.real.plugin.servers import KEY, PASSWORD, Server

from dco_stream.compare import story
from dco_stream.compare.connection import Connection
from dco_stream.compare.verdict import Verdict
from dco_stream.references import Login
from dco_stream.server import Server as Spoken


def spoken(address: str, key: bytes | None = KEY) -> Spoken:
    return Spoken(f"bolt://{address}:7687", Login("neo4j", PASSWORD), key)


class Pair:
    """Each comparison is made by both methods, which must tell the same; what they said is in `told`."""

    def __init__(self, a: Server, b: Server) -> None:
        self.a = a
        self.b = b
        self.told: list[str] = []
        self.meanwhile: Callable[[], object] | None = None
        self.connections = [Connection(name, spoken(each.address), self.tell) for name, each in (("a", a), ("b", b))]

    def tell(self, sentence: str) -> None:
        self.told.append(sentence)
        if self.meanwhile is not None:
            self.meanwhile()

    def both(self, query: str, **parameters: Any) -> None:
        """Run on both."""
        for server in (self.a, self.b):
            server.run(query, **parameters)

    def part(self) -> None:
        """Let the two stand at different transactions."""
        while self.connections[0].stand().transaction == self.connections[1].stand().transaction:
            self.b.run("CREATE (:More)")

    def clear(self) -> None:
        """Leave nothing on either."""
        for server in (self.a, self.b):
            server.run("MATCH (n) DETACH DELETE n")
            for kind, kinds in (("CONSTRAINT", "CONSTRAINTS"), ("INDEX", "INDEXES")):
                for row in server.run(f"SHOW {kinds} YIELD name, type WHERE type <> 'LOOKUP'"):
                    server.run(f"DROP {kind} {row['name']}")

    def compare(self, **options: Any) -> Verdict:
        """Compare by both methods; give what the plugin found."""
        found = self.by(**options)
        over_bolt = self.by(without_plugin=True, **options)
        assert (found.a.method, over_bolt.a.method) == ("plugin", "bolt")
        for field in ("equal", "gaps", "doubles", "rounds", "settled"):
            assert getattr(found, field) == getattr(over_bolt, field)
        assert set(found.differences) == set(over_bolt.differences)
        return found

    def by(self, **options: Any) -> Verdict:
        """Compare once; the two have their own numbers of transactions here."""
        defaults: dict[str, Any] = {"share": 1.0, "any_transaction": True}
        wished = story.Options(**(defaults | options))
        return story.compare(self.connections[0], self.connections[1], wished, self.tell)

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
