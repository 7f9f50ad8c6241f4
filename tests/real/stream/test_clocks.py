"""Clocks that are set while a database is kept and followed: the host's of blue, and the stream's."""

import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest
from tests.real.plugin.conftest import Make
from tests.real.plugin.servers import OLDER, Server
from tests.real.stream.conftest import MakeLab
from tests.real.stream.lab import until
from tests.real.stream.ordeal import Ordeal

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("cc") is None, reason="a clock that can be set is compiled"),
]
SOURCE = Path(__file__).with_name("clock.c")
DAYS = 86_400


class Clock:
    """The time of day of whoever is started with `environment`; it is set by how many seconds it is ahead."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        library, self._file = directory / "clock.so", directory / "ahead"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE], check=True)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self._file)}
        self._file.write_bytes(bytes(8))

    def set(self, seconds: float) -> None:
        """Set it, in one step."""
        file = os.open(self._file, os.O_WRONLY)
        os.pwrite(file, struct.pack("=q", round(seconds * 1000)), 0)
        os.close(file)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


def test_blues_clock_is_set_back_and_stays_so(make: Make, lab: MakeLab, clock: Clock) -> None:
    ordeal = Ordeal(_with_clock(make, clock), lab)
    ordeal.seed()
    ordeal.site.await_base()
    ordeal.ledger.wait_for(60)
    clock.set(-15)
    set_at = time.time()
    assert abs(time.time() - 15 - ordeal.blue.plugin.identify()["now"] / 1000) < 1
    # Until then every second is there twice.
    ordeal.ledger.wait_for(60)
    time.sleep(max(0, set_at + 17 - time.time()))
    begin = time.time()
    ordeal.ledger.wait_for(100)
    ordeal.prove(behind=15, begin=begin)


def test_blues_clock_is_set_again_and_again(make: Make, lab: MakeLab, clock: Clock) -> None:
    ordeal = Ordeal(_with_clock(make, clock), lab)
    ordeal.seed()
    ordeal.site.await_base()
    for ahead in (-45, 0, -2 * DAYS, 0):
        ordeal.ledger.wait_for(60)
        clock.set(ahead)
    begin = time.time()
    ordeal.ledger.wait_for(100)
    ordeal.prove(begin=begin)


def test_the_streams_clock_is_set_again_and_again(make: Make, lab: MakeLab, clock: Clock) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.site.await_base()
    ordeal.stream.kill()
    ordeal.site.environment |= clock.environment
    ordeal.stream = ordeal.site.start()
    ordeal.seed()
    for ahead in (20 * DAYS, 0, -20 * DAYS, 0):
        ordeal.ledger.wait_for(60)
        clock.set(ahead)
        time.sleep(6)  # as often as it looks whether a copy is old
    assert until(lambda: len(ordeal.site.archive.manifests()[0]) > 1, "a copy of 20 days ago is old")
    ordeal.prove()


def _with_clock(make: Make, clock: Clock) -> Make:
    """Make servers of which the first one has the clock."""
    made: list[Server] = []

    def making(version: str = OLDER) -> Server:
        made.append(make(version))
        if len(made) == 1:
            made[0].environment |= clock.environment
        return made[-1]

    return making
