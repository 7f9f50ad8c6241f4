"""What is damaged while all runs: bytes on their way, a piece of the log, a manifest. It is found, told, never used."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.real.plugin.conftest import NETWORK, Make
from tests.real.stream.conftest import MakeLab
from tests.real.stream.lab import until
from tests.real.stream.ordeal import Ordeal
from tests.real.stream.wire import PIECE, Wire

from dco_stream.state import iso

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


class Harm:
    """Changes a byte of every so manieth piece that comes over a wire, where that is in the middle of much."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.done = 0
        self._seen = 0

    def __call__(self, data: bytes) -> bytes:
        if len(data) < PIECE // 2:
            return data
        self._seen += 1
        if self._seen % self.every:
            return data
        self.done += 1
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire(f"{NETWORK}.50", 7687, ("", 0))
    yield made
    made.close()


def test_a_store_that_is_damaged_on_its_way_is_asked_for_again(make: Make, lab: MakeLab, wire: Wire) -> None:
    ordeal = Ordeal(make, lab)
    wire.to = (ordeal.blue.address, 7687)
    wire.harm = harm = Harm(every=7)
    ordeal.site.point_at(f"{NETWORK}.50")
    ordeal.site.call("seed", "ledger", "--into", str(ordeal.green.home / "data"))
    assert harm.done > 1
    ordeal.green.start()
    ordeal.site.point_at(f"{NETWORK}.50", ordeal.green.address)
    ordeal.ledger.wait_for(100)
    wire.harm = None
    entries = ordeal.prove()
    assert all(entry.acknowledged for entry in entries)


def test_a_piece_and_a_manifest_are_damaged_while_all_runs(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.seed()
    first = ordeal.site.await_base()
    ordeal.ledger.wait_for(60)
    before = time.time()
    ordeal.site.await_covered(int(before * 1000))
    ordeal.ledger.wait_for(60)
    ordeal.site.await_covered(int(time.time() * 1000))
    archive = ordeal.site.archive
    (copy,) = archive.manifests()[0]
    part = copy.parts["neo4j"]
    # the first of these still holds what was written before that moment
    piece = [one for one in archive.segments(part.series, "neo4j") if one.until > before * 1000][1]
    archive.bucket.put(archive.segment_key(part.series, "neo4j", piece), b"something else")
    found = json.loads(ordeal.site.call("verify", "--json", code=6).stdout)["ledger"]
    assert [harm["key"] for harm in found["harm"]] == [archive.segment_key(part.series, "neo4j", piece)]
    assert any(one["begin"] <= before * 1000 <= one["end"] for one in found["ranges"])
    ordeal.site.call("base", "ledger")
    until(lambda: len(archive.manifests()[0]) > 1, "no second copy")
    begin = archive.manifests()[0][-1].begin / 1000 + 0.01
    archive.bucket.put(archive.key("bases", first, "manifest.json"), b"{}")
    ordeal.ledger.wait_for(100)
    moment = iso(datetime.fromtimestamp(before, UTC))
    said = ordeal.site.call("restore", "ledger", "--at", moment, "--into", str(ordeal.green.home / "never"), "--neo4j",
                            "/nowhere", code=4).stderr  # fmt: skip
    assert "is not kept" in said
    entries = ordeal.prove(begin=begin)
    assert all(entry.acknowledged for entry in entries)
