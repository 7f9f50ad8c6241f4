"""Clients that write while things break, each write numbered and timed, so that what must be there can be told later.

As a program it writes until its standard input ends, and then prints what it did as JSON:
`python -m tests.real.stream.ledger HOST-OR-URI PASSWORD WRITERS [FIRST [write|read [REST]]]`.
"""

import sys
import threading
import time
from typing import Any

import msgspec
from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

PREPARE = (
    "CREATE CONSTRAINT entry IF NOT EXISTS FOR (e:Entry) REQUIRE e.key IS UNIQUE",
    "CREATE INDEX passing IF NOT EXISTS FOR (p:Passing) ON (p.writer)",
    "UNWIND range(0, 127) AS writer MERGE (:Account {writer: writer})",
)
WRITE = """
MATCH (a:Account {writer: $writer})
CREATE (a)-[:HAS {at: datetime()}]->(:Entry {key: $key, writer: $writer, number: $number, amount: $number * 0.01})
SET a.last = $number
CREATE (:Passing {writer: $writer, text: $text})
WITH a OPTIONAL MATCH (p:Passing {writer: $writer}) WHERE p.text <> $text DETACH DELETE p
"""


READ = "MATCH (a:Account {writer: $writer}) OPTIONAL MATCH (p:Passing {writer: $writer}) RETURN a.last, p.text"


class Entry(msgspec.Struct, frozen=True):
    """A write: whose, which, when it began and ended (seconds), and whether it was acknowledged."""

    writer: int
    number: int
    began: float
    ended: float
    acknowledged: bool
    why: str = ""
    """What the driver said of a write that was not."""

    @property
    def key(self) -> int:
        return self.writer * 10_000_000 + self.number


class Ledger:
    """Writers in threads; a write that failed may be there or not, and is not tried again under its number."""

    def __init__(
        self, address: str, password: str, writers: int, first: int = 0, *, reads: bool = False, rest: float = 0.0
    ) -> None:
        uri = address if "://" in address else f"bolt://{address}:7687"
        self._driver: Any = GraphDatabase.driver(
            uri, auth=("neo4j", password), connection_timeout=2, connection_acquisition_timeout=4,
            telemetry_disabled=True, notifications_min_severity="OFF",
        )  # fmt: skip
        self._query = READ if reads else WRITE
        self._mode = "READ" if reads else "WRITE"
        self._rest = rest
        self.entries: list[Entry] = []
        self._ending = threading.Event()
        numbers = range(first, first + writers)
        self._threads = [threading.Thread(target=self._write, args=(writer,), daemon=True) for writer in numbers]

    def begin(self) -> None:
        for text in PREPARE if self._mode == "WRITE" else ():
            self._driver.execute_query(text)
        for thread in self._threads:
            thread.start()

    def end(self) -> list[Entry]:
        self._ending.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(30)
        self._driver.close()
        return self.entries

    @property
    def acknowledged(self) -> int:
        return sum(entry.acknowledged for entry in self.entries)

    def wait_for(self, more: int, seconds: float = 120) -> None:
        """Return when so many more writes were acknowledged."""
        wanted, deadline = self.acknowledged + more, time.monotonic() + seconds
        while self.acknowledged < wanted:
            assert time.monotonic() < deadline, "nothing is acknowledged any more"
            time.sleep(0.02)

    def _write(self, writer: int) -> None:
        number = 0
        while not self._ending.is_set():
            number += 1
            began = time.time()
            why = self._try(writer, number)
            self.entries.append(Entry(writer, number, began, time.time(), not why, why))
            if why or self._rest:
                time.sleep(0.05 if why else self._rest)

    def _try(self, writer: int, number: int) -> str:
        words = {"writer": writer, "number": number, "key": writer * 10_000_000 + number, "text": f"{number:060}"}
        try:
            with self._driver.session(default_access_mode=self._mode) as session:
                session.run(self._query, words).consume()
        except (DriverError, Neo4jError, OSError) as error:
            return f"{type(error).__name__}: {error}"
        return ""


def demand_no_error(entries: list[Entry]) -> None:
    """Demand that no client saw one."""
    assert not [(entry.began, entry.why) for entry in entries if not entry.acknowledged]


def demand_as_at(entries: list[Entry], found: list[int], at: float | None = None) -> None:
    """Demand that what was found is what must have been there at a moment (seconds; None: now), and nothing twice."""
    assert len(found) == len(set(found)), "something is there twice"
    known = {entry.key: entry for entry in entries}
    there = set(found)
    must = {e.key for e in entries if e.acknowledged and (at is None or e.ended <= at)}
    assert must <= there, f"lost: {sorted(must - there)[:10]} of {len(must)}"
    may = {e.key for e in entries if at is None or e.began <= at}
    assert there <= may, f"from nowhere or later: {[known.get(key, key) for key in sorted(there - may)[:10]]}"


FOUND = "MATCH (a:Account)-[:HAS]->(e:Entry) WHERE e.writer = a.writer RETURN e.key AS key"


def main() -> None:
    """Write until standard input ends."""
    address, password, writers, *more = sys.argv[1:]
    first, kind, rest = (*more, *("0", "write", "0")[len(more) :])
    ledger = Ledger(address, password, int(writers), first=int(first), reads=kind == "read", rest=float(rest))
    ledger.begin()
    sys.stdin.read()
    sys.stdout.buffer.write(msgspec.json.encode(ledger.end()))


if __name__ == "__main__":
    main()
