"""moto's memory on disk: every backend is pickled into one SQLite file, changed ones before the answer leaves.

A backend names another one (EC2 from ELB, say) by reference; such references are stored as names, so that after
a restart they point at the one live backend again. One transaction holds all backends that one call changed.
Objects in S3 are saved beside their backend, one by one.
"""

import copyreg
import io
import pickle
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import moto
from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import FakeKey

from dco_sandbox.objects import Parts

_LOCKS = (type(threading.Lock()), type(threading.RLock()))


PARTS = Parts()
"""The objects of moto's S3, which like moto's backends are this process's."""


class Name(NamedTuple):
    """Which backend: `("ecs", "123456789012", "eu-central-1")`."""

    service: str
    account: str
    region: str


class OtherMotoError(Exception):
    """The state on disk was written with another release of moto, whose objects may differ."""


def live_backends() -> dict[Name, BaseBackend]:
    """Return all backends that have been used or loaded so far."""
    return {
        Name(backends.service_name, account, region): backend
        for backends in _backend_dicts()
        for account, region, backend in backends.iter_backends()
    }


def _backend_dicts() -> list[Any]:
    return list(BackendDict._instances)  # type: ignore[misc]  # noqa: SLF001 - moto lists them nowhere else


def freeze(backend: BaseBackend, names: dict[int, Name]) -> bytes:
    """Pickle what a backend holds; `names` tells the other backends by `id`."""
    return _freeze(backend.__dict__, names)[0]


def _freeze(attributes: dict[str, Any], names: dict[int, Name], *, apart: bool = True) -> tuple[bytes, set[str]]:
    """Pickle attributes, objects of S3 by their names when these are saved apart, and give those names, too."""
    stream = io.BytesIO()
    pickler = _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.names, pickler.apart, pickler.found = names, apart, set()
    pickler.dump(attributes)
    return stream.getvalue(), pickler.found


def thaw(frozen: bytes) -> dict[str, Any]:
    """Return the attributes that `freeze` was given; references lead to the live backends."""
    return _Unpickler(io.BytesIO(frozen)).load()


class _Pickler(pickle.Pickler):
    names: dict[int, Name]
    apart: bool
    found: set[str]

    def persistent_id(self, obj: Any) -> tuple[str, str, str] | str | None:
        if self.apart and isinstance(obj, FakeKey):
            name = PARTS.name(obj)
            self.found.add(name)
            return name
        if not isinstance(obj, BaseBackend):
            return None
        service, account, region = self.names[id(obj)]
        return service, account, region

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, defaultdict) and type(obj) is not defaultdict:
            # Left alone, pickle would make the subclass with the arguments of its parent.
            attributes = (vars(obj), {"default_factory": obj.default_factory})
            return copyreg.__newobj__, (type(obj),), attributes, None, iter(dict.items(obj))  # pyright: ignore[reportAttributeAccessIssue]
        if isinstance(obj, _LOCKS):
            return (threading.Lock if isinstance(obj, _LOCKS[0]) else threading.RLock), ()
        # The one function that pickle refuses in the backends used here: how SSM makes its table of tags.
        if getattr(obj, "__qualname__", "") == "SimpleSystemManagerBackend.__init__.<locals>.<lambda>":
            return _table_of_tags, ()
        return NotImplemented


def _table_of_tags() -> partial[defaultdict[str, dict[str, Any]]]:
    return partial(defaultdict[str, dict[str, Any]], dict[str, Any])


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: tuple[str, str, str] | str) -> Any:
        return PARTS.get(pid) if isinstance(pid, str) else _live(Name(*pid))


def _live(name: Name) -> BaseBackend:
    return get_backend(name.service)[name.account][name.region]  # pyright: ignore[reportArgumentType, reportCallIssue]


class State:
    """The file of one world; every method expects the caller to hold the runtime's lock."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        # FULL: an answer that left must have its effect on disk, also when the machine loses power.
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS backend (service TEXT, account TEXT, region TEXT, moto TEXT, frozen BLOB,"
            " PRIMARY KEY (service, account, region))"
        )
        self._db.execute("CREATE TABLE IF NOT EXISTS part (name TEXT PRIMARY KEY, frozen BLOB)")
        self.frozen: dict[Name, bytes] = {}
        """What the file holds, so that what has not changed is not written again."""

    def load(self) -> None:
        """Give moto back what was saved; call it after the layers are installed, before anything is served."""
        rows = self._db.execute("SELECT service, account, region, moto, frozen FROM backend").fetchall()
        for service, account, region, version, frozen in rows:
            if version != moto.__version__:
                raise OtherMotoError(f"state of {service} is from moto {version}, this is {moto.__version__}")
            self.frozen[Name(service, account, region)] = frozen
        PARTS.load(dict(self._db.execute("SELECT name, frozen FROM part")), thaw)
        for name, frozen in self.frozen.items():
            backend = _live(name)
            backend.__dict__.clear()
            backend.__dict__.update(thaw(frozen))

    def save(self, services: Iterable[str]) -> dict[Name, bytes]:
        """Write the named services' backends, those that differ; return what the file held of them before."""
        wanted, live = set(services), live_backends()
        names = {id(backend): name for name, backend in live.items()}
        changed: dict[Name, bytes] = {}
        used: set[str] | None = None
        for name, backend in live.items():
            if name.service not in wanted:
                continue
            now, found = _freeze(backend.__dict__, names)
            if name.service == "s3":
                used = (used or set()) | found
            if now != self.frozen.get(name):
                changed[name] = now
        before = {name: self.frozen.get(name, b"") for name in changed}
        self._write(changed, {} if used is None else self._parts(used, names), used)
        return before

    def _parts(self, used: set[str], names: dict[int, Name]) -> dict[str, bytes]:
        fresh = PARTS.changed(used)
        return {name: _freeze(PARTS.get(name).__getstate__(), names, apart=False)[0] for name in fresh}

    def _write(self, changed: dict[Name, bytes], parts: dict[str, bytes], used: set[str] | None) -> None:
        """Write backends and parts at once, and forget the parts that are in use no more."""
        gone = set[str]() if used is None else PARTS.retire(used)
        if not (changed or parts or gone):
            return
        with _transaction(self._db):
            self._db.executemany(
                "INSERT OR REPLACE INTO backend VALUES (?, ?, ?, ?, ?)",
                [(*name, moto.__version__, frozen) for name, frozen in changed.items()],
            )
            self._db.executemany("INSERT OR REPLACE INTO part VALUES (?, ?)", list(parts.items()))
            self._db.executemany("DELETE FROM part WHERE name = ?", [(name,) for name in gone])
        PARTS.saved(parts)
        self.frozen.update(changed)

    def close(self) -> None:
        """Close the file; nothing may be saved afterwards."""
        self._db.close()


@contextmanager
def _transaction(db: sqlite3.Connection) -> Generator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
