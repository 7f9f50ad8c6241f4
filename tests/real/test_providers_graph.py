"""Questions to a real database: the truth, or why there is none."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from dco.model.databases import Database
from dco.model.errors import ConfigurationError, Unreadable
from dco.providers.graph import Neo4jGraphs

LEDGER = Database(uri_parameter="uri", secret="auth", slot="slot")


@dataclass
class Known:
    """Parameters in a dictionary."""

    values: dict[str, str] = field(default_factory=dict[str, str])

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def put(self, name: str, value: str) -> None:
        self.values[name] = value

    def secret(self, name: str) -> dict[str, str]:
        return json.loads(self.values[name])


@pytest.fixture
def known(neo4j_server: Any) -> Known:
    with neo4j_server.connect() as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n")
    return Known({"uri": neo4j_server.uri, "auth": neo4j_server.auth})


def test_the_first_value_is_the_answer(known: Known) -> None:
    graphs = Neo4jGraphs(known)
    assert graphs.ask(LEDGER, "RETURN true") is True
    assert graphs.ask(LEDGER, "RETURN false, true") is False
    assert graphs.ask(LEDGER, "RETURN null") is False
    assert graphs.ask(LEDGER, "MATCH (d:Daynode {running: true}) RETURN count(d) = 0") is True
    assert graphs.ask(LEDGER, "MATCH (d:Daynode) RETURN true") is False


def test_a_question_can_not_write(known: Known) -> None:
    graphs = Neo4jGraphs(known)
    with pytest.raises(ConfigurationError, match="does not answer this question"):
        graphs.ask(LEDGER, "CREATE (d:Daynode) RETURN true")
    assert graphs.ask(LEDGER, "MATCH (n) RETURN true") is False


def test_a_question_that_is_no_cypher_is_a_matter_of_configuration(known: Known) -> None:
    with pytest.raises(ConfigurationError, match="Invalid input"):
        Neo4jGraphs(known).ask(LEDGER, "RETRUN 1")


def test_a_question_that_takes_too_long_is_unreadable(known: Known) -> None:
    graphs = Neo4jGraphs(known, answer_seconds=0.5)
    with pytest.raises(Unreadable, match="failed"):
        graphs.ask(LEDGER, "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a + b AS c RETURN max(c)")


def test_a_wrong_password_is_unreadable_and_not_shown(known: Known) -> None:
    known.put("auth", json.dumps({"username": "neo4j", "password": "not-the-password"}))
    with pytest.raises(Unreadable, match="refused us") as caught:
        Neo4jGraphs(known).ask(LEDGER, "RETURN true")
    assert "not-the-password" not in str(caught.value)


def test_a_database_that_is_down_is_unreadable(known: Known) -> None:
    known.put("uri", "bolt://127.9.1.22:1")
    with pytest.raises(Unreadable, match="did not answer"):
        Neo4jGraphs(known).ask(LEDGER, "RETURN true")


def test_what_is_no_address_and_no_secret_is_a_matter_of_configuration(known: Known) -> None:
    for uri in ("http://127.9.1.22", "127.9.1.22:7687", "bolt://127.9.1.22:port"):
        known.put("uri", uri)
        with pytest.raises(ConfigurationError, match="not the address"):
            Neo4jGraphs(known).ask(LEDGER, "RETURN true")
    known.put("uri", "bolt://127.9.1.22:1")
    known.put("auth", "{}")
    with pytest.raises(ConfigurationError, match="lacks username"):
        Neo4jGraphs(known).ask(LEDGER, "RETURN true")
    known.values.pop("uri")
    with pytest.raises(ConfigurationError, match="no parameter uri"):
        Neo4jGraphs(known).ask(LEDGER, "RETURN true")
