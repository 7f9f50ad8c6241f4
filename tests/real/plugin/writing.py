"""Writers that keep a server busy, so that what it held at a transaction can be told from its number."""

import threading
import time
from types import TracebackType
from typing import Self

from tests.real.plugin.servers import Server

WRITERS = 3
KEPT = 50
WRITE = """
CREATE (n:Written {writer: $writer, id: $id, text: $text, place: point({x: $id, y: $writer})})
WITH n MATCH (h:Home {id: $writer}) CREATE (n)-[:OF {id: $id}]->(h) SET h.last = $id
WITH h OPTIONAL MATCH (old:Written {writer: $writer, id: $id - $kept}) DETACH DELETE old
"""


class Writers:
    """Each write is one transaction, of which each writer numbers its own; nothing else may write meanwhile."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ending = threading.Event()
        self._written = [0] * WRITERS
        self._failures: list[Exception] = []
        self._threads = [threading.Thread(target=self._write, args=(each,), daemon=True) for each in range(WRITERS)]
        self.first = 0

    def __enter__(self) -> Self:
        self._server.run("CREATE INDEX FOR (n:Written) ON (n.writer, n.id)")
        self._server.run("UNWIND range(0, $last) AS id CREATE (:Home {id: id, last: 0})", last=WRITERS - 1)
        self._run(0, 0)  # makes every token
        self._server.run("MATCH (n:Written) DETACH DELETE n")
        self._server.run("CALL db.awaitIndexes(60)")
        self.first = self._server.plugin.one("status", "neo4j")["transaction"]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(60)
        assert not self._failures, self._failures

    def wait_for(self, more: int) -> None:
        """Return when so many more writes were acknowledged."""
        until = sum(self._written) + more
        deadline = time.monotonic() + 300
        while sum(self._written) < until:
            assert time.monotonic() < deadline
            assert not self._failures, self._failures
            time.sleep(0.02)

    def demand_all_until(self, server: Server, transaction: int) -> None:
        """Demand that a server holds exactly what was written until a transaction."""
        homes = {row["id"]: row["last"] for row in server.run("MATCH (h:Home) RETURN h.id AS id, h.last AS last")}
        assert sum(homes.values()) == transaction - self.first
        for writer, last in homes.items():
            found = server.run(
                "MATCH (n:Written {writer: $writer})-[r:OF]->(:Home {id: $writer}) "
                "WHERE r.id = n.id AND n.text = $start + n.id WITH n.id AS id ORDER BY id RETURN collect(id) AS ids",
                writer=writer,
                start=_text(writer),
            )
            assert found == [{"ids": list(range(max(1, last - KEPT + 1), last + 1))}]

    def _write(self, writer: int) -> None:
        try:
            for identifier in range(1, 10**9):
                if self._ending.is_set():
                    return
                self._run(writer, identifier)
                self._written[writer] = identifier
        except Exception as failure:  # noqa: BLE001 -- the edge of a thread: the test looks at it
            self._failures.append(failure)

    def _run(self, writer: int, identifier: int) -> None:
        text = f"{_text(writer)}{identifier}"
        self._server.run(WRITE, writer=writer, id=identifier, text=text, kept=KEPT)


def _text(writer: int) -> str:
    return f"{'abc'[writer] * (40 + 200 * writer)} "
