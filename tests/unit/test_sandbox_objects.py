"""What S3 holds is saved object by object, and is all there for the next daemon."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import FakeKey, s3_backends

from dco_sandbox import objects
from dco_sandbox import state as saved
from dco_sandbox.objects import Parts
from dco_sandbox.state import State

ACCOUNT = "123456789012"


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(saved, "PARTS", Parts())
    for name in ("__setattr__", "__getstate__", "set_metadata"):
        monkeypatch.setattr(FakeKey, name, getattr(FakeKey, name))
    objects.install()
    made: Any = s3_backends[ACCOUNT]["aws"]
    made.reset()
    made.create_bucket("credcoin-backups", "eu-central-1")
    yield made
    made.reset()


def parts(path: Path) -> dict[str, bytes]:
    with sqlite3.connect(path) as db:
        return dict(db.execute("SELECT name, frozen FROM part"))


def test_only_what_is_new_or_changed_is_written(backend: Any, tmp_path: Path) -> None:
    path = tmp_path / "moto.sqlite"
    state = State(path)
    backend.put_object("credcoin-backups", "one", b"first")
    state.save({"s3"})
    before = parts(path)
    backend.put_object("credcoin-backups", "two", b"second")
    state.save({"s3"})
    after = parts(path)
    assert len(after) == 2
    assert before.items() <= after.items()
    backend.get_object("credcoin-backups", "two").set_metadata({"colour": "blue"})
    state.save({"s3"})
    assert {name for name, frozen in parts(path).items() if after[name] != frozen} == after.keys() - before.keys()
    backend.delete_object("credcoin-backups", "one")
    state.save({"s3"})
    assert parts(path).keys() == after.keys() - before.keys()
    state.close()


def test_the_next_daemon_finds_every_object(backend: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(tmp_path / "moto.sqlite")
    for number in range(3):
        backend.put_object("credcoin-backups", f"{number}", f"body {number}".encode())
    backend.get_object("credcoin-backups", "1").set_metadata({"colour": "blue"})
    state.save({"s3"})
    state.close()
    backend.reset()
    monkeypatch.setattr(saved, "PARTS", Parts())
    again = State(tmp_path / "moto.sqlite")
    again.load()
    found = [backend.get_object("credcoin-backups", f"{number}") for number in range(3)]
    assert [one.value for one in found] == [b"body 0", b"body 1", b"body 2"]
    assert found[1].metadata["colour"] == "blue"
    kept = parts(tmp_path / "moto.sqlite")
    again.save({"s3"})
    assert parts(tmp_path / "moto.sqlite").keys() == kept.keys()
    again.close()


def test_a_copy_is_an_object_of_its_own(backend: Any, tmp_path: Path) -> None:
    state = State(tmp_path / "moto.sqlite")
    key = backend.put_object("credcoin-backups", "one", b"first")
    state.save({"s3"})
    backend.copy_object(key, "credcoin-backups", "copy")
    state.save({"s3"})
    assert len(parts(tmp_path / "moto.sqlite")) == 2
    state.close()
