"""Copies of a running store, and holds that end however their caller ends."""

import threading
import time

import pytest
from neo4j.exceptions import ClientError
from tests.real.plugin.carrying import copy
from tests.real.plugin.conftest import Make
from tests.real.plugin.servers import NEWER, OLDER
from tests.real.plugin.writing import Writers

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_a_copy_taken_under_writers_recovers_to_a_sound_equal_database(make: Make, version: str) -> None:
    blue, green = make(version), make(version)
    blue.start()
    with Writers(blue) as writers:
        writers.wait_for(200)
        assert copy(blue, green) == {"system": True, "neo4j": True}
    blue.stop()
    green.start()
    copied = green.plugin.one("status", "neo4j")
    assert copied["fenced"]
    writers.demand_all_until(green, copied["transaction"])
    green.stop()
    green.demand_clean()


def test_a_hold_ends_by_itself_when_its_caller_is_gone(make: Make) -> None:
    server = make()
    server.start()
    server.plugin.one("hold", "neo4j", "first", 2)
    with pytest.raises(ClientError, match="Another copy holds"):
        server.plugin.one("hold", "neo4j", "second", 10)
    time.sleep(1)
    server.plugin.one("hold", "neo4j", "first", 4)
    time.sleep(2)
    assert server.plugin.one("status", "neo4j")["held"], "it was renewed"
    time.sleep(3)
    assert not server.plugin.one("status", "neo4j")["held"]
    with pytest.raises(ClientError, match="does not hold"):
        server.plugin.call("files", "neo4j", "first")
    assert server.plugin.one("release", "neo4j", "first") == {"intact": False}
    with pytest.raises(ClientError, match="begin the copy anew"):
        server.plugin.one("hold", "neo4j", "first", 10)
    server.plugin.one("hold", "neo4j", "second", 10)
    assert server.plugin.one("release", "neo4j", "second") == {"intact": True}


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_server_that_ends_while_held_starts_as_if_nothing_had_been(make: Make, kill: bool) -> None:
    server = make()
    server.start()
    server.run("UNWIND range(1, 1000) AS id CREATE (:Thing {id: id})")
    server.plugin.one("hold", "neo4j", "copy", 120)
    server.run("UNWIND range(1001, 2000) AS id CREATE (:Thing {id: id})")
    begun = time.monotonic()
    server.stop(kill=kill)
    assert time.monotonic() - begun < 60, "an orderly stop does not wait for the lease"
    server.start()
    assert server.run("MATCH (n:Thing) RETURN count(n) AS found") == [{"found": 2000}]
    assert not server.plugin.one("status", "neo4j")["held"]
    server.stop()
    server.demand_clean()


def test_writers_are_not_held_up_by_a_hold(make: Make) -> None:
    server = make()
    server.start()
    server.plugin.one("hold", "neo4j", "copy", 60)
    done = threading.Event()
    writer = threading.Thread(target=lambda: (server.run("CREATE (:Written)"), done.set()), daemon=True)
    writer.start()
    assert done.wait(20)
    assert server.plugin.one("release", "neo4j", "copy") == {"intact": True}
