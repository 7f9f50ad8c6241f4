"""TLS on both sides of the gate."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import GraphDatabase, TrustCustomCAs
from neo4j.exceptions import ServiceUnavailable
from tests.real.gate.authority import Authority
from tests.real.gate.conftest import NETWORK, MakeGate, Pair, empty
from tests.real.gate.gates import AUTH, Bucket, Gate

from dco_gate.errors import UnreachableError


@pytest.fixture
def secured(pair: Pair, bucket: Bucket, authority: Authority, tmp_path: Path) -> Iterator[Gate]:
    """A gate with TLS towards clients and servers."""
    empty(bucket)
    certificate, key = authority.vouch(f"{NETWORK}.32")
    tls = f'ca_file = "{authority.certificate}"\ncertificate = "{certificate}"\nprivate_key = "{key}"'
    servers = {"blue": f"bolt+s://{pair[0].address}:7687", "green": f"bolt+s://{pair[1].address}:7687"}
    gate = Gate(tmp_path / "secured", f"{NETWORK}.32", servers, bucket, tls=tls)
    try:
        gate.start()
        yield gate
    finally:
        gate.leave_none()


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_sessions_move_with_tls_on_both_sides(secured: Gate, authority: Authority, scheme: str) -> None:
    uri = f"{scheme}://{secured.address}:7687"
    trusted = TrustCustomCAs(str(authority.certificate))
    with GraphDatabase.driver(uri, auth=AUTH, encrypted=True, trusted_certificates=trusted) as driver:
        rows = driver.execute_query("UNWIND range(1, 20000) AS i RETURN i, 'text ' + i AS t").records
        assert len(rows) == 20_000
        secured.switch(f"tls-{scheme}")
        with driver.session() as session:
            assert session.run("MATCH (h:Here) RETURN h.name AS name").single(strict=True)["name"] == "green"
    with pytest.raises(ServiceUnavailable), secured.connect(max_transaction_retry_time=1) as plain:
        plain.verify_connectivity()


def test_a_server_that_can_not_prove_who_it_is_gets_no_session(secured: Gate, make_gate: MakeGate) -> None:
    stranger = make_gate("stranger")
    text = (stranger.home / "gate.toml").read_text().replace(stranger.servers["blue"], secured.servers["blue"])
    (stranger.home / "gate.toml").write_text(text)
    stranger.start()
    with pytest.raises(ServiceUnavailable), stranger.connect(max_transaction_retry_time=1) as driver:
        driver.verify_connectivity()
    assert "does not prove who it is" in stranger.log
    with pytest.raises(UnreachableError, match="does not prove who it is"):
        stranger.control.prepare("ledger", secured.servers["green"])
