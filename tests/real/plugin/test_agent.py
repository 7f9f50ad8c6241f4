"""A running server without the plugin gets it while clients write, and keeps it over its next start."""

from pathlib import Path

import pytest
from neo4j.exceptions import ClientError, TransientError
from tests.real.plugin.conftest import Make
from tests.real.plugin.servers import NEWER, OLDER, PASSWORD, Server, plugin_jar
from tests.real.stream.ledger import Ledger, demand_as_at
from tests.real.stream.ordeal import keys

from dco.operations.plugin_install import on_host


def place_of(server: Server) -> on_host.Place:
    conf = server.home / "conf" / "neo4j.conf"
    return on_host.Place(conf, server.home / "plugins", server.home / "logs" / "neo4j.log", "nobody-else")


def unplug(server: Server) -> Path:
    """Take away what the plugin needs of a server that is not up."""
    (jar,) = (server.home / "plugins").glob("*.jar")
    jar.unlink()
    conf = place_of(server).conf
    conf.write_text(on_host.forbidden(conf.read_text()))
    return plugin_jar(server.version)


@pytest.mark.parametrize("version", [OLDER, pytest.param(NEWER, marks=pytest.mark.long)])
def test_it_joins_a_server_in_use_and_fences_it(make: Make, version: str) -> None:
    server = make(version)
    jar = unplug(server)
    server.start()
    with pytest.raises(ClientError, match="no procedure"):
        server.run("CALL dco.identity()")
    place = place_of(server)
    ledger = Ledger(server.address, PASSWORD, 3)
    ledger.begin()
    ledger.wait_for(20)
    key = server.key_file.read_text().strip()
    on_host.install(place, jar.read_bytes(), key, None)
    on_host.join(place)  # loaded twice, it is the same
    ledger.wait_for(20)
    assert all(entry.acknowledged for entry in ledger.entries), "somebody noticed"
    status = server.plugin.one("status", "neo4j")
    assert not status["fenced"]
    assert server.plugin.one("fence", "neo4j", True, "a test")["fenced"]
    with pytest.raises(TransientError):
        server.run("CREATE (:Account)")
    assert server.plugin.one("fence", "system", True, "a test")["fenced"]
    with pytest.raises(TransientError):
        server.run("CREATE USER never SET PASSWORD 'never-to-be-seen'")
    for name in ("neo4j", "system"):
        server.plugin.one("fence", name, False, "a test")
    ledger.wait_for(20)
    demand_as_at(ledger.end(), keys(server))
    first = server.plugin.identify()["server"]
    server.stop()
    server.start()
    assert server.plugin.identify()["server"] != first
    assert server.plugin.one("status", "neo4j")["logName"] == status["logName"], "it is the same server"
    server.stop()
    server.demand_clean()
