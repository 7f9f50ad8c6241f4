"""What breaks while a database is copied, kept and followed: nothing is lost, nothing is there twice, blue goes on."""

import random
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from tests.real.plugin.conftest import NETWORK, Make
from tests.real.plugin.servers import NEWER, OLDER, Server
from tests.real.stream.conftest import MakeLab
from tests.real.stream.lab import S3, until
from tests.real.stream.ordeal import Ordeal
from tests.real.stream.wire import Wire

pytestmark = [pytest.mark.timeout(900)]
chance = random.Random(7)  # noqa: S311 -- moments, not secrets
LINES = [(OLDER, OLDER), (OLDER, NEWER), (NEWER, NEWER)]


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    made: list[Wire] = []
    yield made
    for wire in made:
        wire.close()


def test_the_stream_is_killed_again_and_again(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.seed()
    for _ in range(2):
        ordeal.ledger.wait_for(chance.randint(5, 60))
        ordeal.stream.kill()
        ordeal.stream.wait()
        ordeal.stream = ordeal.site.start()
    ordeal.prove(restores=1)


@pytest.mark.long
@pytest.mark.parametrize("versions", LINES, ids="-to-".join)
def test_nothing_breaks(make: Make, lab: MakeLab, versions: tuple[str, str]) -> None:
    ordeal = Ordeal(make, lab, versions)
    ordeal.seed()
    ordeal.ledger.wait_for(300)
    ordeal.prove()


@pytest.mark.long
def test_the_stream_is_killed_while_it_copies(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab, share=0.02)
    for _ in range(3):
        time.sleep(chance.uniform(0.3, 2))
        ordeal.stream.kill()
        ordeal.stream.wait()
        ordeal.stream = ordeal.site.start()
    ordeal.seed()
    ordeal.prove()


@pytest.mark.long
def test_green_is_killed(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.seed()
    for _ in range(3):
        ordeal.ledger.wait_for(chance.randint(20, 120))
        revive(ordeal.green)
    ordeal.prove()


@pytest.mark.long
def test_blue_is_killed_and_its_host_comes_back(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.seed()
    for _ in range(3):
        ordeal.ledger.wait_for(chance.randint(20, 120))
        revive(ordeal.blue)
    ordeal.prove()


@pytest.mark.long
def test_blue_is_killed_while_it_is_copied(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab, share=0.05)
    until(lambda: ordeal.blue.plugin.one("status", "neo4j")["held"], "no copy began")
    revive(ordeal.blue)
    ordeal.seed()
    ordeal.prove()


@pytest.mark.long
@pytest.mark.parametrize("which", ["blue", "green", "bucket"])
def test_a_wire_is_cut(make: Make, lab: MakeLab, s3: S3, wires: list[Wire], which: str) -> None:
    ordeal = Ordeal(make, lab)
    blue, green = ordeal.blue.address, ordeal.green.address
    wires += [Wire(f"{NETWORK}.50", 7687, (blue, 7687)), Wire(f"{NETWORK}.51", 7687, (green, 7687))]
    host, _, port = s3.url.removeprefix("http://").partition(":")
    wires.append(Wire(f"{NETWORK}.52", 9000, (host, int(port))))
    ordeal.site.environment["AWS_ENDPOINT_URL"] = f"http://{NETWORK}.52:9000"
    ordeal.stream.kill()
    ordeal.seed()
    ordeal.site.point_at(f"{NETWORK}.50", f"{NETWORK}.51")
    ordeal.stream = ordeal.site.start()
    for _ in range(3):
        ordeal.ledger.wait_for(60)
        wires[["blue", "green", "bucket"].index(which)].cut()
        ordeal.ledger.wait_for(120)
        wires[["blue", "green", "bucket"].index(which)].mend()
    ordeal.prove()


@pytest.mark.long
def test_green_at_a_tenth_of_the_speed(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.seed()
    done = threading.Event()
    slow = threading.Thread(target=_slow, args=(ordeal.green, done))
    slow.start()
    ordeal.ledger.wait_for(400)
    done.set()
    slow.join()
    ordeal.prove()


@pytest.mark.long
def test_green_is_away_for_so_long_that_blues_log_no_longer_reaches_back(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.site.call("seed", "ledger", "--into", str(ordeal.green.home / "data"))
    first = ordeal.blue.plugin.one("status", "neo4j")["logVersion"]
    until(lambda: ordeal.blue.plugin.one("status", "neo4j")["logVersion"] > first + 1, "the log is not rotated", 300)
    revive(ordeal.blue)  # which makes a checkpoint
    until(lambda: ordeal.blue.plugin.one("status", "neo4j")["lowestLogVersion"] > first, "nothing is pruned")
    ordeal.green.start()
    ordeal.site.point(ordeal.blue, ordeal.green)
    until(lambda: ordeal.green.plugin.one("status", "neo4j")["applied"] > 0, f"not followed: {ordeal.site.log[-2000:]}")
    ordeal.prove()


@pytest.mark.long
def test_two_streams_for_one_database(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.seed()
    second = ordeal.site.start()
    ordeal.ledger.wait_for(300)
    ordeal.stream.kill()
    ordeal.ledger.wait_for(50)
    ordeal.prove()
    assert second.poll() is None


@pytest.mark.long
def test_everything_at_once(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.seed()
    for _ in range(2):
        ordeal.ledger.wait_for(chance.randint(20, 80))
        ordeal.stream.send_signal(signal.SIGSTOP)
        revive(ordeal.green)
        revive(ordeal.blue)
        ordeal.stream.send_signal(signal.SIGCONT)
    ordeal.prove()


def revive(server: Server) -> None:
    """Kill a server, and start it again on what it left."""
    server.stop(kill=True)
    server.start()


def _slow(server: Server, done: threading.Event) -> None:
    while not done.is_set():
        server.signal(signal.SIGCONT)
        time.sleep(0.02)
        server.signal(signal.SIGSTOP)
        time.sleep(0.18)
    server.signal(signal.SIGCONT)
