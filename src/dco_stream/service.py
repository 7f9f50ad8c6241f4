"""The service: for each database workers that keep its log, carry it to a follower, take copies and tell of it."""

import os
import socket
import threading
from collections.abc import Callable
from typing import Protocol

from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.config import Configuration
from dco_stream.errors import StreamError
from dco_stream.follow import Follower
from dco_stream.joining import Joining
from dco_stream.keep import Keeper
from dco_stream.references import Library, Servers
from dco_stream.server import Server
from dco_stream.state import Board
from dco_stream.upkeep import Copies, Pruning, Telling

AGAIN_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
LOOK_SECONDS = 2.0
Log = Callable[[str], None]


class Work(Protocol):
    """Something a worker does: `begin`, then `step` for ever; after an error begin again."""

    ending: threading.Event
    """Set when it is to end; it waits for nothing longer than that."""

    def begin(self) -> None:
        """Find where to go on."""
        ...

    def step(self) -> None:
        """Do a bit, in a few seconds at most."""
        ...


class Worker(threading.Thread):
    """Does one kind of work until told to stop; what goes wrong is told on the board, and it begins again."""

    def __init__(self, name: str, work: Work, board: Board, log: Log) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._board = board
        self._log = log

    def run(self) -> None:
        """Work; see the class."""
        failures = 0
        while not self._work.ending.is_set():
            try:
                self._work.begin()
                while not self._work.ending.is_set():
                    self._work.step()
                    self._board.trouble(self.name, None)
                    failures = 0
            except StreamError as error:
                self._tell(error)
                self._work.ending.wait(AGAIN_SECONDS[min(failures, len(AGAIN_SECONDS) - 1)])
                failures += 1

    def end(self) -> None:
        """Let it end soon."""
        self._work.ending.set()

    def _tell(self, error: StreamError) -> None:
        sentence = f"{error.what} ({error.remedy})" if error.remedy else error.what
        if self._board.read().troubles.get(self.name) != sentence:
            self._log(f"{self.name}: {sentence}")
        self._board.trouble(self.name, sentence)


class Site:
    """One database while its servers stay the same: connections, and a worker for each thing to be done."""

    def __init__(self, name: str, settings: Configuration, servers: Servers, bucket: Bucket, log: Log) -> None:
        database, library = settings.database(name), Library(settings.bucket.region)
        login, key = library.login(database.login), library.key(database.key)
        self.servers = servers
        self.board = Board(name, f"{socket.gethostname()}:{os.getpid()}")
        self.board.note(source=servers.source, follower=servers.follower)
        self._archive = Archive(bucket, name)
        self._source = Server(servers.source, login, key, database.ca_file)
        self._follower = Server(servers.follower, login, key, database.ca_file) if servers.follower else None
        works = self._works(settings, database.names)
        self._workers = [Worker(what, work, self.board, log) for what, work in works.items()]

    def start(self) -> None:
        """Let every worker begin."""
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Let every worker end, and close the connections. Returns within some seconds."""
        for worker in self._workers:
            worker.end()
        for worker in self._workers:
            worker.join(15)
        self._source.close()
        if self._follower:
            self._follower.close()

    def _works(self, settings: Configuration, names: tuple[str, ...]) -> dict[str, Work]:
        seconds = settings.keep.segment_seconds
        keepers = {name: Keeper(self._source.line(name), self._archive, self.board, seconds) for name in names}
        followers = {
            name: Follower(self._source.line(name), self._follower.line(name), self.board, self._archive)
            for name in names
            if self._follower
        }
        return {
            **{f"keep {name}": keeper for name, keeper in keepers.items()},
            **{f"follow {name}": follower for name, follower in followers.items()},
            "copy": Copies(self._source, self._archive, settings.keep, keepers, self.board),
            "prune": Pruning(self._source, settings.keep, keepers, followers, self.board),
            "join": Joining(self._archive),
            "tell": Telling(self._archive, self.board),
        }


class Watch:
    """Sees to one database for ever: looks which servers it has, and makes a new site when they are others."""

    def __init__(self, name: str, settings: Configuration, bucket: Bucket, log: Log) -> None:
        self._name = name
        self._settings = settings
        self._bucket = bucket
        self._library = Library(settings.bucket.region)
        self._log = log
        self._site: Site | None = None
        self.ending = threading.Event()

    def run(self) -> None:
        """Watch until told to end; then everything of it ends, too."""
        said = ""
        while not self.ending.is_set():
            try:
                self._look()
                said = ""
            except StreamError as error:
                if said != error.what:
                    self._log(f"{self._name}: {error.what} ({error.remedy})")
                said = error.what
            self.ending.wait(LOOK_SECONDS)
        self._end()

    def _look(self) -> None:
        servers = self._library.servers(self._settings.database(self._name).servers)
        if self._site is not None and self._site.servers == servers:
            return
        self._end()
        follower = f", followed by {servers.follower}" if servers.follower else ""
        self._log(f"{self._name}: the source is {servers.source}{follower}")
        self._site = Site(self._name, self._settings, servers, self._bucket, self._log)
        self._site.start()

    def _end(self) -> None:
        if self._site is not None:
            self._site.stop()
            self._site = None


def serve(settings: Configuration, log: Log, ending: threading.Event) -> None:
    """See to every database until `ending` is set.

    Raises what nobody foresaw: whoever supervises the service starts it anew, and nothing stands still unnoticed.
    """
    unforeseen: list[BaseException] = []

    def note(failed: threading.ExceptHookArgs) -> None:
        unforeseen.append(failed.exc_value or SystemExit())
        ending.set()

    before, threading.excepthook = threading.excepthook, note
    bucket = Bucket(settings.bucket)
    watches = [Watch(name, settings, bucket, log) for name in settings.databases]
    threads = [threading.Thread(target=watch.run, daemon=True) for watch in watches]
    for thread in threads:
        thread.start()
    ending.wait()
    for watch in watches:
        watch.ending.set()
    for thread in threads:
        thread.join(30)
    threading.excepthook = before
    if unforeseen:
        raise unforeseen[0]
