"""Every single change by itself, whatever graph and values Hypothesis thinks of, breaks of the connection, versions."""

import itertools
import threading
from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.real.compare.changes import CHANGES, PAIRS, Expression
from tests.real.compare.graphs import Graph, changed, graphs, write
from tests.real.compare.pair import Pair, spoken
from tests.real.compare.test_compare import demand_found
from tests.real.plugin.conftest import NETWORK, Make
from tests.real.plugin.servers import NEWER, OLDER
from tests.real.stream.wire import Wire

from dco_stream.compare.connection import Connection

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
EVERY_CHECK = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
MANY = """UNWIND range(1, 20000) AS id CREATE (a:Account {id: id, name: 'account ' + id})
    CREATE (a)-[:HOLDS {share: id * 0.1}]->(:Part {of: id})"""


@pytest.mark.parametrize("values", PAIRS.values(), ids=PAIRS.keys())
def test_values_that_are_nearly_the_same_are_told_apart(pair: Pair, values: tuple[Any, Any]) -> None:
    for server, value in zip((pair.a, pair.b), values, strict=True):
        expression = value if isinstance(value, Expression) else "$value"
        server.run(
            "CREATE (n:One {name: 'n'})-[r:R {name: 'r'}]->(:Two) "
            f"SET n.value = {expression}, r.value = {expression}",
            value=value,
        )
    verdict = pair.compare()
    subjects = {(gap.subject.kind, gap.subject.key) for gap in verdict.gaps}
    assert subjects == {
        ("node", ""),
        ("node property", "value"),
        ("relationship", ""),
        ("relationship property", "value"),
    }
    assert [one.detail.partition(":")[0] for one in verdict.differences if one.kind == "node"] == ["value"] or (
        "not shown" in verdict.differences[0].detail
    )


@pytest.mark.parametrize("name", CHANGES)
def test_a_single_change_of_the_graph_is_found(pair: Pair, name: str) -> None:
    demand_found(pair, name)


@settings(max_examples=60, deadline=None, suppress_health_check=EVERY_CHECK)
@given(graphs(), st.data())
def test_any_graph_equals_its_shuffled_self_and_no_other(pair: Pair, graph: Graph, data: st.DataObject) -> None:
    pair.clear()
    write(pair.a, graph)
    pair.b.run("UNWIND range(1, 7) AS id CREATE (:Other)")
    write(pair.b, graph, data.draw(st.permutations(range(len(graph.nodes)))))
    pair.b.run("MATCH (n:Other) DELETE n")
    assert pair.compare().equal
    what, query, parameters = data.draw(changed(graph))
    pair.b.run(query, **parameters)
    assert not pair.compare().equal, what


@settings(max_examples=40, deadline=None, suppress_health_check=EVERY_CHECK)
@given(graphs(), st.randoms())
def test_a_graph_whose_nodes_have_doubles_equals_its_shuffled_self(pair: Pair, graph: Graph, random: Random) -> None:
    pair.clear()
    write(pair.a, graph)
    write(pair.b, graph, random.sample(range(len(graph.nodes)), len(graph.nodes)))
    pair.both("MATCH (n) REMOVE n.number")
    pair.both("MATCH ()-[r]->() REMOVE r.number")
    verdict = pair.compare()
    assert verdict.equal
    assert verdict.settled


def in_the_middle(monkeypatch: pytest.MonkeyPatch, connection: Connection, disturb: Callable[[], object]) -> None:
    """Disturb once, after the nodes and before the relationships are read."""
    patiently, calls = connection.patiently, itertools.count()

    def disturbed(work: Callable[[], Any]) -> Any:
        if next(calls) == 2:
            disturb()
        return patiently(work)

    monkeypatch.setattr(connection, "patiently", disturbed)


@pytest.mark.parametrize("without_plugin", [False, True], ids=["plugin", "bolt"])
def test_a_comparison_goes_on_after_the_connection_was_cut(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, without_plugin: bool
) -> None:
    pair.both(MANY)
    wire = Wire(f"{NETWORK}.69", 7687, (pair.b.address, 7687))
    pair.connections[1].close()
    pair.connections[1] = Connection("b", spoken(f"{NETWORK}.69"), pair.tell)
    mending = threading.Timer(3, wire.mend)
    in_the_middle(monkeypatch, pair.connections[1], lambda: (wire.cut(), mending.start()))
    try:
        assert pair.by(without_plugin=without_plugin).equal
        mending.join()
    finally:
        wire.close()


def test_a_server_that_is_killed_meanwhile_is_waited_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = make(), make()
    a.start()
    b.start()
    with closing(Pair(a, b)) as pair:
        pair.both(MANY)
        starting = threading.Thread(target=b.start)
        in_the_middle(monkeypatch, pair.connections[1], lambda: (b.stop(kill=True), starting.start()))
        assert pair.by().equal
        starting.join()


def test_versions_are_compared_with_one_another(make: Make) -> None:
    a, b = make(OLDER), make(NEWER)
    a.start()
    b.start()
    with closing(Pair(a, b)) as pair:
        demand_the_same_across(pair)


def demand_the_same_across(pair: Pair) -> None:
    pair.both("CREATE CONSTRAINT one FOR (n:Account) REQUIRE n.id IS UNIQUE")
    pair.both("CREATE TEXT INDEX two FOR (n:Account) ON (n.name)")
    pair.both(MANY)
    for number, (value, _) in enumerate(PAIRS.values()):
        expression = value if isinstance(value, Expression) else "$value"
        pair.both(f"CREATE (:Pair{number} {{value: {expression}}})", value=value)
    verdict = pair.compare()
    assert verdict.equal, (verdict.gaps, verdict.differences)
    pair.b.run("MATCH (n:Account {id: 77}) SET n.name = 'another'")
    (difference,) = pair.compare().differences
    assert difference.detail == "name: 'account 77' in A, 'another' in B"
