"""What `dco-stream` does with the plugin, in its plainest form: copy a server, carry its log to another, compare."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neo4j.exceptions import ClientError
from tests.real.plugin.servers import Server

from dco_plugin.plugin import Plugin

DATABASES = ("system", "neo4j")
MASK = 2**64
Sums = dict[tuple[str, str, str], tuple[int, int, int]]


def copy(blue: Server, green: Server) -> dict[str, bool]:
    """Copy both databases, fenced from their first start; say for each whether the hold lasted until the end."""
    fences = green.home / "data" / "dco"
    fences.mkdir(parents=True)
    for database in DATABASES:
        (fences / f"{database}.fence").write_text("a copy")
    return {database: _copy_one(blue.plugin, green.home / "data", database) for database in DATABASES}


def _copy_one(plugin: Plugin, data: Path, database: str) -> bool:
    held = plugin.one("hold", database, "copy", 120)
    places = {"store": data / "databases" / database, "log": data / "transactions" / database}
    for file in plugin.call("files", database, "copy"):
        folder, _, name = str(file["name"]).partition("/")
        _write(places[folder] / name, lambda offset, file=file: _piece(plugin, database, file["name"], offset))
        plugin.one("hold", database, "copy", 120)
    released = plugin.one("release", database, "copy")
    _copy_log(plugin, database, held["neededLogVersion"], places["log"])
    return bool(released["intact"])


def _piece(plugin: Plugin, database: str, file: str, offset: int) -> bytes:
    try:
        return plugin.one("read", database, "copy", file, offset, 1 << 20)["data"]
    except ClientError:
        assert file.endswith(".tmp"), file  # Lucene removes these as it goes
        return b""


def _copy_log(plugin: Plugin, database: str, version: int, folder: Path) -> None:
    while True:
        path = folder / f"neostore.transaction.db.{version}"
        _write(path, lambda offset, version=version: plugin.one("log", database, version, offset, 1 << 20, 0)["data"])
        if plugin.one("log", database, version, path.stat().st_size, 1, 0)["endVersion"] <= version:
            return
        version += 1


def _write(path: Path, read: Callable[[int], bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while piece := read(file.tell()):
            file.write(piece)


class Follower(threading.Thread):
    """Carries one database's log from blue to green until told to stop; `failure` is what ended it otherwise."""

    def __init__(self, blue: Server, green: Server, database: str, *, piece: int = 1 << 18) -> None:
        super().__init__(daemon=True)
        self._blue = blue.another()
        self._green = green.another()
        self._database = database
        self._piece = piece
        self._ending = threading.Event()
        self._version = self._offset = self._header = 0
        self.failure: Exception | None = None

    def begin(self) -> None:
        """Fence green, and find where it stands in blue's log."""
        if not self._green.one("status", self._database)["fenced"]:
            self._green.one("fence", self._database, True, "is a copy")
        stand = self._green.one("follow", self._database, True)
        place = self._blue.one("locate", self._database, stand["transaction"])
        self._header = place["header"]
        self._open(place["logVersion"], place["logOffset"])

    def carry(self, wait: int = 50) -> bool:
        """Carry one piece; say whether there was any."""
        piece = self._blue.one("log", self._database, self._version, self._offset, self._piece, wait)
        if piece["data"]:
            end = self._offset + len(piece["data"])
            boundary = end == piece["fileEnd"]
            self._green.one("apply", self._database, self._version, self._offset, piece["data"], boundary)
            self._offset = end
            return True
        if piece["endVersion"] > self._version and self._offset >= piece["fileEnd"]:
            self._open(self._version + 1, self._header)
            return True
        return False

    def run(self) -> None:
        try:
            self.begin()
            while not self._ending.is_set():
                self.carry()
        except Exception as failure:  # noqa: BLE001 -- the edge of a thread: the test looks at it
            self.failure = failure

    def end(self) -> None:
        """Stop after the piece under way; raise what went wrong."""
        self._ending.set()
        self.join(60)
        assert not self.is_alive(), "a call hangs"
        if self.failure is not None:
            raise self.failure

    def _open(self, version: int, offset: int) -> None:
        header = self._blue.one("log", self._database, version, 0, self._header, 5000)["data"]
        self._green.one("apply", self._database, version, 0, header, False)
        self._version, self._offset = version, offset


def sums(server: Server, database: str = "neo4j", page: int = 50_000) -> Sums:
    """Sum up a whole database, page by page, under one salt."""
    total: Sums = {}
    for kind in ("node", "relationship"):
        start = 0
        while start >= 0:
            *rows, end = server.plugin.call("scan", database, kind, b"salt", start, page, b"")
            for row in rows:
                _add(total, row)
            start = end["next"]
    return total


def _add(total: Sums, row: dict[str, Any]) -> None:
    name = (row["kind"], row["name"], row["key"])
    count, high, low = total.get(name, (0, 0, 0))
    total[name] = (count + row["count"], (high + row["high"]) % MASK, (low + row["low"]) % MASK)
