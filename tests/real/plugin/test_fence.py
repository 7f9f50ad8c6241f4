"""The fence through restarts and crashes, and versions that the plugin was not made for."""

import threading
import time

import pytest
from neo4j.exceptions import ClientError, DriverError, Neo4jError, TransientError
from tests.real.plugin.conftest import Make
from tests.real.plugin.servers import NEWER, OLDER, PASSWORD, Server, plugin_jar

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


class Stubborn(threading.Thread):
    """Tries to write from before the server starts; counts what was refused, and what was let in."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._ending = threading.Event()
        self.refused = 0
        self.written = 0

    def run(self) -> None:
        with self._server.connect() as driver:
            while not self._ending.is_set():
                try:
                    with driver.session() as session:
                        session.run("CREATE (:Stray)").consume()
                    self.written += 1
                except TransientError:
                    self.refused += 1
                except (DriverError, Neo4jError):
                    time.sleep(0.01)  # nothing answers yet

    def end(self) -> None:
        self._ending.set()
        self.join()


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_a_fence_outlives_the_server_and_leaves_no_gap(make: Make, version: str, kill: bool) -> None:
    server = make(version)
    server.start()
    server.run("CREATE (:Before)")
    for database in ("neo4j", "system"):
        server.plugin.one("fence", database, True, "a switch")
    server.stop(kill=kill)
    stubborn = Stubborn(server)
    stubborn.start()
    server.start()
    while stubborn.refused < 20:
        time.sleep(0.05)
    stubborn.end()
    assert stubborn.written == 0
    assert server.plugin.one("status", "neo4j")["reason"] == "a switch"
    with pytest.raises(TransientError):
        server.run("CREATE USER dave SET PASSWORD 'daves-word'", "system")
    server.plugin.one("fence", "neo4j", False, "")
    server.run("CREATE (:After)")
    assert server.run("MATCH (n) RETURN count(n) AS found") == [{"found": 2}]
    server.stop(kill=kill)
    server.start()
    server.run("CREATE (:LiftedForGood)")


def test_a_key_that_cypher_could_load_opens_nothing(make: Make) -> None:
    server = make()
    settings = server.home / "conf" / "neo4j.conf"
    lines = [line for line in settings.read_text().splitlines() if "directories.import" not in line]
    settings.write_text("\n".join(lines))
    server.start()
    assert server.run("LOAD CSV FROM $url AS line RETURN line", url=server.key_file.as_uri()), "Neo4j's own default"
    with pytest.raises(ClientError, match="LOAD CSV can read the key"):
        server.plugin.one("status", "neo4j")


def test_a_plugin_made_for_another_version_says_so_and_does_nothing(make: Make) -> None:
    server = make(OLDER, jar=plugin_jar(NEWER))
    server.start()
    assert "refuses to load in 5.26.30" in server.log
    with pytest.raises(ClientError):
        server.plugin.one("status", "neo4j")
    server.run("CREATE (:Undisturbed)")


def test_a_fenced_database_does_not_come_up_without_its_plugin(make: Make) -> None:
    server = make(OLDER, jar=plugin_jar(NEWER))
    server.admin("dbms", "set-initial-password", PASSWORD)
    fence = server.home / "data" / "dco" / "neo4j.fence"
    fence.parent.mkdir()
    fence.write_text("a switch")
    server.start()
    assert "The database is fenced and can't start without the plugin." in server.log
    with pytest.raises(TransientError) as refused:
        server.run("RETURN 1")
    assert refused.value.code == "Neo.TransientError.General.DatabaseUnavailable"
