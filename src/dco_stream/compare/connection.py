"""One database of one server, as a comparison reads it: how it stands, queries, and trying again after a break."""

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import msgspec
from neo4j import READ_ACCESS

from dco_plugin.signing import Argument
from dco_stream.errors import Unreachable
from dco_stream.server import Line, Server

PATIENCE_SECONDS = 120.0
TELL_AFTER_SECONDS = 1.0
_LONGEST_PAUSE = 5.0
_FETCH = 200
_PACKED_UUID = b"\xcc\x10"
_UUID_BYTES = 16
_PACKED_WIDTH = {0xC8: 1, 0xC9: 2, 0xCA: 4, 0xCB: 8}
_Result = TypeVar("_Result")
_SCANS = "SHOW PROCEDURES YIELD name WHERE name = 'dco.scan' RETURN count(*) AS found"
_VERSION = "CALL dbms.components() YIELD name, versions WHERE name = 'Neo4j Kernel' RETURN versions[0] AS version"


class Stand(msgspec.Struct, frozen=True):
    """How a database stands."""

    version: str
    transaction: int
    fenced: bool | None
    """Whether it refuses commits; None when nobody can tell."""


class Connection:
    """Speaks with one database. Not for two threads at a time; `close` may be called twice."""

    def __init__(
        self,
        name: str,
        server: Server,
        tell: Callable[[str], None],
        *,
        database: str = "neo4j",
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Speak with a server, which `close` closes, about one of its databases; nothing is asked yet."""
        self.name = name
        self.server = server
        self.database = database
        self._tell = tell
        self._patience = patience
        self._line: Line | None = None
        self._scans: bool | None = None

    @property
    def scans(self) -> bool:
        """Whether the plugin is there, can scan, and we have a key for it. Raises `StreamError`s.

        Any database tells of the whole server, but `system` of 5.26 knows too little Cypher for the question.
        """
        if self._scans is None:
            self._scans = self.server.has_key and bool(self.server.run(_SCANS)[0]["found"])
        return self._scans

    def stand(self) -> Stand:
        """Ask for version and last transaction. Raises `StreamError`s."""
        version = self.server.run(_VERSION)[0]["version"]
        if self.scans:
            (row,) = self.call("status")
            return Stand(version, row["transaction"], row["fenced"])
        return Stand(version, self._bookmarked(), None)

    def call(self, procedure: str, *arguments: Argument) -> list[dict[str, Any]]:
        """Call the plugin's procedure about this database. Raises `StreamError`s."""
        if self._line is None:
            self._line = self.server.line(self.database)
        return self._line.call(procedure, *arguments)

    def run(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """Give all rows of a query that only reads. Raises `StreamError`s."""
        return [dict(record.items()) for record in self.rows(query, **parameters)]

    def rows(self, query: str, **parameters: Any) -> Iterator[Any]:
        """Give the records of a query one by one, as they come. Raises `StreamError`s."""
        with self.server.answering(), self._session() as session:
            yield from session.run(query, parameters)

    def patiently(self, work: Callable[[], _Result]) -> _Result:
        """Do some work, again and again while the server does not answer. Raises `Unreachable` when patience ends."""
        deadline = time.monotonic() + self._patience
        pause = 0.1
        while True:
            try:
                return work()
            except Unreachable as error:
                if time.monotonic() + pause > deadline:
                    raise
                if pause > TELL_AFTER_SECONDS:
                    self._tell(f"{error.what}; trying again")
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def close(self) -> None:
        """Close every connection; a server that is gone does not matter."""
        if self._line is not None:
            self._line.close()
        self.server.close()

    def _bookmarked(self) -> int:
        with self.server.answering(), self._session() as session:
            session.run("RETURN 1").consume()
            (bookmark,) = session.last_bookmarks().raw_values
        return transaction_of(bookmark)

    def _session(self) -> Any:
        driver = cast("Any", self.server.driver)  # the driver does not tell the types of its own settings
        return driver.session(
            database=self.database,
            default_access_mode=READ_ACCESS,
            fetch_size=_FETCH,
            notifications_min_severity="OFF",
        )


def transaction_of(bookmark: str) -> int:
    """Read the transaction out of a bookmark: after `FB:` a list of a database's UUID and a PackStream integer."""
    packed = base64.b64decode(bookmark.removeprefix("FB:") + "==")
    number = packed[packed.index(_PACKED_UUID) + len(_PACKED_UUID) + _UUID_BYTES :]
    width = _PACKED_WIDTH.get(number[0])
    return number[0] if width is None else int.from_bytes(number[1 : 1 + width], "big", signed=True)
