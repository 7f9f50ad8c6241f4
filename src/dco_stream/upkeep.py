"""What a database's stream does now and then: take copies, forget old ones, prune the server's log, tell of it."""

import threading
from datetime import UTC, datetime, timedelta

import msgspec

from dco_stream import base
from dco_stream.archive.archive import Archive
from dco_stream.archive.bases import Manifest
from dco_stream.config import Keep
from dco_stream.errors import Damaged
from dco_stream.follow import Follower
from dco_stream.keep import Keeper
from dco_stream.retention import forget
from dco_stream.server import Server
from dco_stream.state import Board, State, iso

LOOK_SECONDS = 5.0
STILL_SECONDS = 30.0


class Copies:
    """Takes a copy when there is none of this log, the last is old, or a person wants one; then forgets old ones."""

    def __init__(self, source: Server, archive: Archive, keep: Keep, keepers: dict[str, Keeper], board: Board) -> None:
        self._source = source
        self._archive = archive
        self._keep = keep
        self._keepers = keepers
        self._board = board
        self._last: Manifest | None = None
        self.ending = threading.Event()

    def begin(self) -> None:
        """Wait until every log is kept, then find the newest copy from which they go on."""
        while not self.ending.is_set() and not all(keeper.series for keeper in self._keepers.values()):
            self.ending.wait(0.1)
        good, _ = self._archive.manifests()
        self._last = next((one for one in reversed(good) if _logs(one) == self._series()), None)

    def step(self) -> None:
        """Take a copy if one is due."""
        if self._last is None or _logs(self._last) != self._series() or self._is_old(self._last):
            self._take()
        self._board.note(base=self._last.id if self._last else None)
        self.ending.wait(LOOK_SECONDS)

    def _series(self) -> dict[str, str]:
        return {name: keeper.series for name, keeper in self._keepers.items()}

    def _is_old(self, last: Manifest) -> bool:
        taken = datetime.fromisoformat(last.taken)
        # A copy of tomorrow was taken while the clock was wrong: nobody knows how old it is.
        age = abs(datetime.now(UTC) - taken)
        return age > timedelta(hours=self._keep.base_hours) or wanted(self._archive) > taken

    def _take(self) -> None:
        def say(said: str) -> None:
            self._board.note(copying=said)

        try:
            self._last = base.take(self._source, self._archive, self._series(), self._keep.share, say)
        finally:
            self._board.note(copying=None)
        forget(self._archive, self._keep.days, datetime.now(UTC))


class Pruning:
    """Prunes the server's log behind those who read it, and tells when it gets too large. It is never cut for that."""

    def __init__(
        self, source: Server, keep: Keep, keepers: dict[str, Keeper], followers: dict[str, Follower], board: Board
    ) -> None:
        self._source = source
        self._keep = keep
        self._keepers = keepers
        self._followers = followers
        self._board = board
        self.ending = threading.Event()

    def begin(self) -> None:
        """Nothing is to be found."""

    def step(self) -> None:
        """Look at each log."""
        for name, keeper in self._keepers.items():
            line = self._source.line(name)
            try:
                status = line.status()
                readers = [keeper.kept.version] + [one.version for key, one in self._followers.items() if key == name]
                if keeper.series and status.lowest_log_version < min(readers):
                    line.one("prune", min(readers))
            finally:
                line.close()
            self._board.note_part(name, log_bytes=status.log_bytes)
            self._board.trouble(f"log {name}", _too_large(status.log_bytes, self._keep.log_limit_mb))
        self.ending.wait(LOOK_SECONDS)


class Telling:
    """Keeps the state in the bucket: when it changes, every few seconds; when nothing does, twice a minute."""

    def __init__(self, archive: Archive, board: Board) -> None:
        self._archive = archive
        self._board = board
        self._told: State | None = None
        self.ending = threading.Event()

    def begin(self) -> None:
        """Nothing is to be found."""

    def step(self) -> None:
        """Tell, if there is something new or it was long ago."""
        state = self._board.read()
        if self._told is None or _news(self._told) != _news(state) or _seconds(self._told, state) > STILL_SECONDS:
            self._archive.bucket.put(self._archive.key("state.json"), msgspec.json.encode(state))
            self._told = state
        self.ending.wait(LOOK_SECONDS)


class _Wanted(msgspec.Struct, frozen=True):
    at: str


def want(archive: Archive) -> None:
    """Ask the stream for a new copy."""
    archive.bucket.put(archive.key("wanted.json"), msgspec.json.encode(_Wanted(iso(datetime.now(UTC)))))


def wanted(archive: Archive) -> datetime:
    """Say when somebody last asked for a new copy. Raises `Damaged`."""
    content = archive.bucket.get(archive.key("wanted.json"))
    if content is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        return datetime.fromisoformat(msgspec.json.decode(content, type=_Wanted).at)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Damaged(f"wanted.json can't be read: {error}", "`dco-stream base` writes it anew") from None


def _logs(manifest: Manifest) -> dict[str, str]:
    return {name: part.series for name, part in manifest.parts.items()}


def _too_large(size: int, limit_mb: int) -> str | None:
    if size <= limit_mb << 20:
        return None
    return (
        f"it has {size >> 20} MB on the database's disk, more than {limit_mb}, and can't be pruned before it is kept "
        "and followed; the database goes on (look at the other troubles, or give it a larger disk)"
    )


def _news(state: State) -> tuple[object, ...]:
    """What makes a state worth telling: times alone don't."""
    parts = [(name, part.kept and part.kept.transaction, part.followed) for name, part in sorted(state.parts.items())]
    return (state.source, state.follower, state.base, state.copying, state.troubles, parts)


def _seconds(before: State, now: State) -> float:
    return (datetime.fromisoformat(now.at) - datetime.fromisoformat(before.at)).total_seconds()
