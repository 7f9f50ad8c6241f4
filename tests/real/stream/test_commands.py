"""What a person types: a backup is listed, verified, restored to a second and asked, before anybody gets it."""

import json
import time
from pathlib import Path

import msgspec
import pytest
from tests.real.plugin.conftest import Make
from tests.real.plugin.servers import KEY, NEWER, OLDER, PASSWORD, Server, plugin_jar
from tests.real.plugin.writing import Writers
from tests.real.stream.conftest import MakeLab
from tests.real.stream.lab import Lab

from dco_sandbox import cache
from dco_stream.errors import StreamError
from dco_stream.examination import look
from dco_stream.fingerprints import Fingerprint
from dco_stream.references import Login
from dco_stream.server import Server as StreamServer

pytestmark = [pytest.mark.timeout(600)]
INVARIANTS = """
[databases.ledger.invariants]
homes = "MATCH (h:Home) RETURN count(h) = 3"
chained = "MATCH (n:Written) WHERE NOT (n)-[:OF]->(:Home) RETURN count(n) = 0"
"""


def moment_of(blue: Server, site: Lab) -> tuple[int, int, Writers]:
    """A moment while it is written to, the transaction that was last then, and who knows what was written."""
    with Writers(blue) as writers:
        site.await_base()
        writers.wait_for(30)
        seen, moment = blue.plugin.one("status", "neo4j")["transaction"], int(time.time() * 1000)
        writers.wait_for(30)
    site.await_kept(blue.plugin.one("status", "neo4j")["transaction"])
    site.await_covered(moment)
    return moment, seen, writers


def words(version: str, into: Path, at: str) -> tuple[str, ...]:
    """The words of a restore."""
    home, jar = cache.neo4j_home(version), plugin_jar(version)
    return ("restore", "ledger", "--at", at, "--into", str(into), "--neo4j", str(home), "--plugin", str(jar))


def refusal(blue: Server, password: str = PASSWORD, key: bytes = KEY, name: str = "neo4j") -> StreamError:
    """What an examination of a server says when something is wrong."""
    server = StreamServer(f"bolt://{blue.address}:7687", Login("neo4j", password), key)
    try:
        with pytest.raises(StreamError) as error:
            look(server, (name,))
    finally:
        server.close()
    assert error.value.remedy
    return error.value


def test_a_backup_is_listed_verified_and_restored_with_its_invariants(make: Make, lab: MakeLab) -> None:
    blue, restored = make(), make()
    blue.start()
    site = lab(segment_seconds=0.5)
    site.file.write_text(site.file.read_text() + INVARIANTS)
    site.point(blue)
    site.start()
    moment, seen, writers = moment_of(blue, site)
    (covered,) = json.loads(site.call("list", "ledger", "--json").stdout)["ledger"]["ranges"]
    assert covered["begin"] <= moment <= covered["end"]
    assert "all as written" in site.call("verify").stdout
    site.call("examine", "ledger")
    assert "refuses the user name or password" in refusal(blue, password="another-one").what
    assert "key" in refusal(blue, key=b"x" * 32).remedy
    assert "nowhere" in refusal(blue, name="nowhere").what
    blue.stop(kill=True)
    at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(moment / 1000))}.{moment % 1000:03}Z"
    into = restored.home / "data"
    done = site.call(*words(OLDER, into, at), "--address", restored.address, "--lift", "--json")
    assert json.loads(done.stdout)["invariants"] == ["homes", "chained"]
    restored.start()
    there = restored.plugin.one("status", "neo4j")
    assert there["fenced"] is False
    assert abs(there["transaction"] - seen) < 10
    writers.demand_all_until(restored, there["transaction"])
    restored.run("CREATE (:Written {writer: 9, id: 1})")


@pytest.mark.long
@pytest.mark.parametrize(("older", "newer"), [(OLDER, NEWER), (NEWER, NEWER)])
def test_a_newer_server_takes_a_backup_and_a_wrong_invariant_refuses_it(
    make: Make, lab: MakeLab, older: str, newer: str
) -> None:
    blue, restored = make(older), make(newer)
    blue.start()
    site = lab(segment_seconds=0.5)
    site.file.write_text(site.file.read_text() + INVARIANTS)
    site.point(blue)
    site.start()
    moment_of(blue, site)
    assert "neo4j: " in site.call("fingerprint", "ledger").stdout
    done = site.call(*words(newer, restored.home / "data", "latest"), "--address", restored.address)
    assert "fingerprint as it was: neo4j, system" in done.stdout
    restored.start()
    assert restored.run("MATCH (h:Home) RETURN count(h) AS homes") == [{"homes": 3}]
    assert restored.plugin.one("status", "neo4j")["fenced"] is True
    site.file.write_text(site.file.read_text().replace("= 3", "= 4"))
    other = restored.home / "other"
    done = site.call(*words(newer, other, "latest"), "--address", restored.address, code=6)
    assert "invariant homes does not hold in what was restored: it answers False" in done.stderr
    assert f"{other} holds a restore that failed: throw it away" in done.stderr
    demand_other_content_is_found(site, restored, newer)


def demand_other_content_is_found(site: Lab, restored: Server, version: str) -> None:
    """Change what is known of a property, as if a restore had changed it."""
    archive = site.archive
    key = next(key for key in archive.bucket.keys(archive.key("fingerprints", "")) if "/neo4j/" in key)
    known = msgspec.json.decode(archive.bucket.get(key) or b"", type=Fingerprint)
    other = [(of, msgspec.structs.replace(one, low=one.low ^ (of.key == "text"))) for of, one in known.sums]
    archive.bucket.put(key, msgspec.json.encode(msgspec.structs.replace(known, sums=tuple(other))))
    done = site.call(*words(version, restored.home / "third", "latest"), "--address", restored.address, code=6)
    assert "has not the fingerprint of transaction" in done.stderr
    assert "node property Written text differ" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize(("older", "newer"), [(OLDER, OLDER), (OLDER, NEWER)])
def test_a_server_without_the_plugin_is_dumped_and_loaded(make: Make, lab: MakeLab, older: str, newer: str) -> None:
    blue, restored = make(older), make(newer)
    blue.start()
    blue.run("CREATE (:Home {id: 7})")
    site = lab()
    home, data = str(cache.neo4j_home(older)), str(blue.home / "data")
    done = site.call("dump", "ledger", "--data", data, "--neo4j", home, "--yes", code=4)
    assert "stop that server first" in done.stderr
    blue.stop()
    site.call("dump", "ledger", "--data", data, "--neo4j", home, "--yes")
    into, newer_home = str(restored.home / "data"), str(cache.neo4j_home(newer))
    site.call("load", "ledger", "--into", into, "--neo4j", newer_home)
    restored.start()
    assert restored.run("MATCH (h:Home) RETURN h.id AS id") == [{"id": 7}]
