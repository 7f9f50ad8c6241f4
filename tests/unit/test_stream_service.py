"""The service's own edge: what nobody foresaw must not leave a thread standing still unnoticed."""

import threading

import pytest

from dco_stream import config
from dco_stream.cli import run
from dco_stream.service import serve

SETTINGS = """
[bucket]
name = "nowhere"
region = "eu-central-1"
[databases.ledger]
servers = "bolt://127.0.0.1:1"
login = "none"
key = "none"
"""


def test_what_nobody_foresaw_ends_the_service_so_that_it_is_started_anew() -> None:
    def log(_: str) -> None:
        raise ZeroDivisionError

    before = threading.excepthook
    with pytest.raises(ZeroDivisionError):
        serve(config.parse(SETTINGS, "here"), log, threading.Event())
    assert threading.excepthook is before


class Full:
    def write(self, _: str) -> None:
        raise OSError(28, "No space left on device")


def test_a_log_on_a_full_disk_keeps_nobody_from_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", Full())
    run.log("something")
