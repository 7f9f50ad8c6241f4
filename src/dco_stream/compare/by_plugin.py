"""Reading through the plugin: the server sums up, hardly anything goes over the network."""

from typing import Any

from dco_stream.compare.connection import Connection
from dco_stream.compare.reading import ElementKind, Page, Subject, Sum


class PluginReader:
    """Implements `Reader`."""

    page_elements = 50_000
    lists_all = False

    def __init__(self, connection: Connection, salt: bytes) -> None:
        self._connection = connection
        self._salt = salt

    def scan(self, kind: ElementKind, start: int, count: int, buckets: bytes) -> Page:
        """Call `dco.scan`."""
        rows = self._connection.call("scan", kind, self._salt, start, count, buckets)
        end = rows.pop()
        return Page(
            elements=end["count"],
            sums={Subject(row["kind"], row["name"], row["key"]): _sum(row) for row in rows},
            buckets=bytes(end["buckets"]),
            records=bytes(end["records"]),
            next=end["next"],
        )


def _sum(row: dict[str, Any]) -> Sum:
    unsigned = {word: row[word] % 2**64 for word in ("high", "low")}
    return Sum(row["count"], **unsigned)
