"""The only file that knows DBOS: stories that survive being killed, on SQLite in WAL mode.

A story is a function of `Steps`, its id and a request. Its steps' results are rows; a process that is started again
runs the story from the top and gets every finished step's result from its row.
"""

import json
import logging
import shutil
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import msgspec
from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._serialization import Serializer
from sqlalchemy.exc import SQLAlchemyError

from dco.flow import lease
from dco.flow.steps import Story, Unfinished
from dco.model.errors import DcoError, PersonNeeded, StoredError, restore, store

T = TypeVar("T")
VERSION = "1"
"""Of the stories' shape: raised when stored nights could not be resumed by new code."""

_ATTEMPTS = 1_000_000
"""A night is resumed however often its process died: given up, it would stay half done with its lock."""

_LOST = frozenset({"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
"""How a story ends that has no result."""

_GLANCE_SECONDS = 1.0
"""Between two looks whether a story ended in another process."""

_log = logging.getLogger("dco.engine")


class Interrupted(BaseException):
    """The engine can't write: the story stops where it stands, to be resumed. Not an `Exception`: nobody may undo."""


class _Stored(msgspec.Struct):
    value: Any = None
    error: StoredError | None = None


class _Raised(msgspec.Struct):
    raised: str
    arguments: list[str]


class _PlainJson(Serializer):
    """Everything stored is JSON of plain values; an exception is its class and arguments."""

    def name(self) -> str:
        return "dco_json"

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            data = {"raised": type(data).__name__, "arguments": [str(argument) for argument in data.args]}
        return json.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        data: Any = json.loads(serialized_data)
        if isinstance(data, dict) and "raised" in data:
            raised = msgspec.convert(data, _Raised)
            return DcoError(f"{raised.raised}: {', '.join(raised.arguments)}")
        return cast("Any", data)


class _DurableSteps:
    """Implements `Steps`."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    def run(self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        def body() -> Any:
            self._engine.tell(name)
            return msgspec.to_builtins(_attempt(name, work))

        try:
            stored = msgspec.convert(DBOS.run_step({"name": name}, body), _Stored)
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._engine.interrupt(error) from error
        if stored.error is not None:
            raise restore(stored.error)
        return msgspec.convert(stored.value, kind)


def _attempt(name: str, work: Callable[[], Any]) -> _Stored:
    """Anything unforeseen in a step is an error like any other, so that what was done before it is undone."""
    try:
        return _Stored(value=work())
    except DcoError as error:
        return _Stored(error=store(error))
    except Exception as error:  # noqa: BLE001  # the edge between our stories and everything that can go wrong
        _log.error("step %s: %s", name, traceback.format_exc())
        what = f"unforeseen in {name}: {type(error).__name__}: {error}"
        return _Stored(error=StoredError("DcoError", what, "the traceback is in the engine's log; please report it"))


class Engine:
    """One process's part in an environment's nights. Use as a context manager; one at a time in a process."""

    def __init__(
        self, directory: Path, stories: Mapping[str, Story], *, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        """Keep the store below a directory; `tell` is given each step's name as it begins."""
        self._directory = directory
        self._file = directory / "engine.sqlite"
        self.tell = tell
        self._stories = stories
        self._lease: lease.Lease | None = None
        self._ended = threading.Condition()
        self._results: dict[str, dict[str, Any]] = {}
        self._trouble: DcoError | None = None

    def __enter__(self) -> Self:
        """Take a slot, open the store, and resume what this slot's last holder left unfinished."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._lease = lease.take(self._directory)
            _use_wal(self._file)
            self._launch(self._lease.name)
            self._reap()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            self.__exit__()
            raise _unwritable(self._directory, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        """Stop without waiting for stories that run: they are resumed by whoever comes next."""
        DBOS.destroy(workflow_completion_timeout_sec=0)
        if self._lease is not None:
            self._lease.release()

    def _launch(self, executor: str) -> None:
        config: DBOSConfig = {
            "name": "dco",
            "system_database_url": f"sqlite:///{self._file}",
            "application_version": VERSION,
            "executor_id": executor,
            "serializer": _PlainJson(),
            "log_level": "ERROR",
            "notification_listener_polling_interval_sec": 0.1,
            "scheduler_polling_interval_sec": 3600,
        }
        DBOS(config=config)
        for name, story in self._stories.items():
            DBOS.workflow(name=name, max_recovery_attempts=_ATTEMPTS)(self._told(name, story))
        DBOS.launch()

    def _told(self, name: str, story: Story) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
        def tell(key: str, request: dict[str, Any]) -> dict[str, Any]:
            try:
                result = story(_DurableSteps(self), key, request)
            except Exception as error:
                _log.exception("story %s", key)
                self._stop(DcoError(f"unforeseen: {type(error).__name__}: {error}", "please report it with engine.log"))
                raise
            with self._ended:
                self._results[key] = result
                self._ended.notify_all()
            return result

        tell.__qualname__ = tell.__name__ = name
        self._told_as = {**getattr(self, "_told_as", {}), name: tell}
        return tell

    def _reap(self) -> None:
        """Resume the unfinished stories of slots that nobody holds."""
        mine = self._lease.name if self._lease else ""
        for name in {status.executor_id for status in self._pending()} - {mine, None}:
            with lease.dead(self._directory, str(name)) as is_dead:
                if is_dead:
                    for status in self._pending():
                        if status.executor_id == name:
                            DBOS.resume_workflow(status.workflow_id)

    def _pending(self) -> list[Any]:
        return DBOS.list_workflows(status=["PENDING", "ENQUEUED"], load_input=False, load_output=False)

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Return the stories that have begun and not ended, the oldest first."""
        return tuple(
            Unfinished(key=status.workflow_id, elsewhere=self._is_elsewhere(str(status.executor_id)))
            for status in self._pending()
        )

    def _is_elsewhere(self, executor: str) -> bool:
        if self._lease is not None and executor == self._lease.name:
            return False
        with lease.dead(self._directory, executor) as is_dead:
            return not is_dead

    def start(self, story: str, key: str, request: dict[str, Any]) -> None:
        """Begin a story under an id; nothing when that id was begun before."""
        with SetWorkflowID(key):
            DBOS.start_workflow(self._told_as[story], key, request)

    def wait(self, key: str, timeout: float | None = None) -> dict[str, Any] | None:
        """Return a story's result once it has ended, None past the timeout.

        Raises `PersonNeeded` when the engine could not write; the story goes on when dco is started again. Raises
        `DcoError` for a story that something unforeseen has ended, also when that was in an earlier process.
        """
        deadline = time.monotonic() + timeout if timeout is not None else None
        while deadline is None or time.monotonic() < deadline:
            with self._ended:
                self._ended.wait_for(lambda: key in self._results or self._trouble is not None, _GLANCE_SECONDS)
                if key in self._results:
                    return self._results[key]
                if self._trouble is not None:
                    raise self._trouble
            status = DBOS.get_workflow_status(key)
            if status is not None and status.status == "SUCCESS":
                return cast("dict[str, Any]", DBOS.retrieve_workflow(key).get_result())
            if status is not None and status.status in _LOST:
                raise DcoError(f"night {key} was ended by something unforeseen", "see engine.log, and please report it")
        return None

    def interrupt(self, error: Exception) -> Interrupted:
        """Remember that the engine can't write and wake whoever waits."""
        self._stop(_unwritable(self._directory, error))
        return Interrupted(str(error))

    def _stop(self, trouble: DcoError) -> None:
        with self._ended:
            self._trouble = trouble
            self._ended.notify_all()


def _use_wal(file: Path) -> None:
    """WAL is a property of the file: set once, at creation."""
    if not file.exists():
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()


def _unwritable(directory: Path, error: Exception) -> PersonNeeded:
    there = next(place for place in (directory, *directory.parents) if place.exists())
    free = shutil.disk_usage(there).free // 2**20
    cause = str(getattr(error, "orig", None) or error)
    return PersonNeeded(
        f"the engine's file in {directory} can't be written: {cause} ({free} MB free)",
        "make space or mend the disk, then start dco again: the night goes on where it stopped",
    )
