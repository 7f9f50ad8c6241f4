"""What a comparison finds, and what it does not mind, on two servers."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.real.compare.changes import CHANGES, GRAPH, PAIRS, Expression
from tests.real.compare.pair import Pair
from tests.real.plugin.servers import KEY, PASSWORD

from dco_stream.compare.verdict import Verdict
from dco_stream.errors import Refused

pytestmark = pytest.mark.timeout(600)


def test_order_and_internal_ids_do_not_matter(pair: Pair) -> None:
    pair.a.run(GRAPH)
    pair.b.run("UNWIND range(1, 50) AS id CREATE (:Other {id: id})")
    pair.b.run("CREATE (c {id: 3}) CREATE (b:Person {id: 2}) CREATE (b)-[:KNOWS]->(c), (c)-[:OWES]->(:Debt)")
    pair.b.run("CREATE (a:Staff {value: 0.5}) SET a.id = 1, a:Person")
    pair.b.run("MATCH (a:Staff), (b:Person {id: 2}) CREATE (b)-[:OWES]->(:Debt), (a)-[:KNOWS {since: 2001}]->(b)")
    pair.b.run("MATCH (n:Other) DELETE n")
    verdict = pair.compare()
    assert verdict.equal
    assert (verdict.a.nodes, verdict.a.relationships) == (verdict.b.nodes, verdict.b.relationships) == (5, 4)
    assert verdict.settled
    assert verdict.doubles == 0, "each debt is somebody's"


def test_values_that_are_nearly_the_same_are_told_apart(pair: Pair) -> None:
    for number, values in enumerate(PAIRS.values()):
        for server, value in zip((pair.a, pair.b), values, strict=True):
            expression = value if isinstance(value, Expression) else "$value"
            server.run(f"CREATE (:Pair{number} {{value: {expression}}})", value=value)
    verdict = pair.compare()
    found = {gap.subject.name for gap in verdict.gaps if gap.subject.key == "value"}
    assert found == {f"Pair{number}" for number in range(len(PAIRS))}
    assert len(verdict.differences) == 10, "the first of them by name"


@pytest.mark.parametrize("name", ["a relationship is turned", "a relationship is there twice", "a label is missing"])
def test_a_single_change_of_the_graph_is_found(pair: Pair, name: str) -> None:
    demand_found(pair, name)


def demand_found(pair: Pair, name: str) -> None:
    query, told = CHANGES[name]
    pair.both(GRAPH)
    assert pair.compare().equal
    pair.b.run(query)
    verdict = pair.compare()
    assert not verdict.equal
    assert told in str([(one.a, one.b, one.detail) for one in verdict.differences])


def test_indexes_and_constraints_are_compared_by_name(pair: Pair) -> None:
    pair.both("CREATE INDEX born FOR (n:Person) ON (n.born)")
    pair.a.run("CREATE CONSTRAINT person FOR (n:Person) REQUIRE n.id IS UNIQUE")
    pair.b.run("CREATE INDEX person FOR (n:Person) ON (n.id)")
    pair.both("CALL db.awaitIndexes(60)")
    verdict = pair.compare()
    assert [(one.kind, one.b is None) for one in verdict.differences] == [("index", False), ("constraint", True)]
    assert "owningConstraint: person in A, nothing in B" in verdict.differences[0].detail
    assert not verdict.gaps


def rings(*sizes: int) -> str:
    return " ".join(
        f"CREATE {', '.join(f'(r{at}_{size}_{step}:Ring)' for step in range(size))} "
        + " ".join(f"CREATE (r{at}_{size}_{step})-[:NEXT]->(r{at}_{size}_{(step + 1) % size})" for step in range(size))
        for at, size in enumerate(sizes)
    )


def test_nodes_that_look_the_same_are_told_apart_by_what_they_stand_beside(pair: Pair) -> None:
    chain = "CREATE (:Head)-[:NEXT]->(:Link)-[:NEXT]->(:Link)-[:NEXT]->(:Link)-[:NEXT]->(:{last})"
    for server, (one, other) in ((pair.a, ("Red", "Blue")), (pair.b, ("Blue", "Red"))):
        server.run(chain.replace("{last}", one).replace(":Head", ":Head {name: 'first'}"))
        server.run(chain.replace("{last}", other).replace(":Head", ":Head {name: 'second'}"))
    verdict = pair.compare()
    assert not verdict.gaps, "each node and each relationship by itself is the same"
    assert {one.kind for one in verdict.differences} == {"place"}
    assert not verdict.equal


def test_rings_of_nodes_that_look_the_same_are_a_known_blind_spot_that_the_verdict_names(pair: Pair) -> None:
    pair.a.run(rings(6))
    pair.b.run(rings(3, 3))
    verdict = pair.compare()
    assert verdict.equal, "nothing that is finite and looks at neighbours tells these apart"
    assert verdict.doubles == 6


def test_a_verdict_is_good_for_a_day_and_stays_one_through_json(pair: Pair) -> None:
    pair.both(GRAPH)
    verdict = pair.by()
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict
    assert verdict.is_valid(datetime.now(UTC))
    assert verdict.is_valid(verdict.compared_at + timedelta(hours=23, minutes=59))
    assert not verdict.is_valid(verdict.compared_at + timedelta(hours=24))
    assert not verdict.is_valid(verdict.compared_at - timedelta(seconds=1))


def test_two_transactions_are_refused_and_so_is_a_server_that_moves_meanwhile(pair: Pair) -> None:
    pair.part()
    with pytest.raises(Refused, match=r"a stands at transaction \d+, b at \d+"):
        pair.by(any_transaction=False)
    pair.meanwhile = lambda: pair.b.run("CREATE (:Meanwhile)")
    with pytest.raises(Refused, match="b moved from transaction"):
        pair.by(invariants={"that is told": "RETURN true"})


def test_invariants_are_asked_of_b(pair: Pair) -> None:
    pair.b.run("CREATE (:Account {balance: 3}), (:Account {balance: -3})")
    questions = {
        "balanced": "MATCH (n:Account) RETURN sum(n.balance) = 0",
        "many": "MATCH (n:Account) RETURN count(n) > 2",
        "odd": "RETURN 1",
        "wrong": "RETURN nonsense",
        "writes": "CREATE (n:Written) RETURN true",
    }
    answers = {one.name: one for one in pair.by(invariants=questions).invariants}
    assert [name for name, one in answers.items() if one.holds] == ["balanced"]
    assert answers["many"].trouble == "answers False"
    assert "can't be answered" in answers["wrong"].trouble
    assert pair.b.run("MATCH (n:Written) RETURN count(n) AS found") == [{"found": 0}]


def test_the_command_tells_by_its_exit_code_and_as_json(pair: Pair, tmp_path: Path) -> None:
    pair.both(GRAPH)
    (tmp_path / "login.json").write_text(json.dumps({"username": "neo4j", "password": PASSWORD}))
    (tmp_path / "stream.toml").write_text(
        f'[bucket]\nname = "none"\n[databases.ledger]\nservers = "bolt://{pair.a.address}:7687"\n'
        f'login = "file:{tmp_path / "login.json"}"\nkey = "{KEY.hex()}"\ninvariants = {{ odd = "RETURN 1" }}\n'
    )
    words = [
        "ledger",
        f"bolt://{pair.b.address}:7687",
        "--login",
        f"file:{tmp_path / 'login.json'}",
        "--any-transaction",
    ]
    same = call(tmp_path, *words, "--json", "--skip-invariants")
    assert same.returncode == 0, same.stderr
    verdict = msgspec.json.decode(same.stdout, type=Verdict)
    assert verdict.equal
    assert (verdict.a.method, verdict.b.method) == ("plugin", "bolt"), "B has no key: both ways are as good"
    pair.b.run("MATCH (n:Staff) SET n.value = 0.25")
    differ = call(tmp_path, *words)
    assert differ.returncode == 6
    assert "NG node (:Person:Staff {id: 1, value: 0.5}): value: 0.5 in A, 0.25 in B" in differ.stdout
    assert "NG invariant odd: it answers 1" in differ.stdout
    pair.part()
    refused = call(tmp_path, *words[:-1])
    assert refused.returncode == 4
    assert "can be compared at one transaction only" in refused.stderr
    assert PASSWORD not in same.stdout + differ.stdout + refused.stderr


def call(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dco_stream", "-c", str(directory / "stream.toml"), "compare", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
