"""What clients notice of a gate when nothing is switched: nothing."""

import asyncio
import socket
import time
from typing import Any

import pytest
from neo4j import AsyncGraphDatabase
from neo4j.exceptions import AuthError, ClientError
from tests.real.gate.gates import AUTH, Gate, wait_until


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_both_kinds_of_address_reach_the_server_through_the_gate(gate: Gate, scheme: str) -> None:
    with gate.connect(scheme) as driver:
        found = driver.execute_query("MATCH (h:Here) RETURN h.name AS name")
        assert [row["name"] for row in found.records] == ["blue"]
        assert found.summary.server.address == (gate.address, 7687)
        driver.execute_query("CREATE (:Passed {text: $text})", text="x" * 300_000)
        assert driver.execute_query("MATCH (p:Passed) RETURN size(p.text) AS s").records[0]["s"] == 300_000
        driver.execute_query("MATCH (p:Passed) DELETE p")


def test_many_rows_come_in_pieces_and_in_order(gate: Gate) -> None:
    with gate.connect() as driver, driver.session(fetch_size=777) as session:
        rows = session.run("UNWIND range(1, 50000) AS i RETURN i, 'row ' + i AS text")
        assert [row["i"] for row in rows] == list(range(1, 50_001))


def test_an_error_and_what_comes_after_it_pass(gate: Gate) -> None:
    with gate.connect() as driver, driver.session() as session:
        for _ in range(3):
            with pytest.raises(ClientError):
                session.run("THIS IS NO CYPHER").consume()
            with pytest.raises(ClientError), session.begin_transaction() as transaction:
                transaction.run("RETURN 1/0").consume()
            assert session.run("RETURN 1 AS one").single(strict=True)["one"] == 1


def test_transactions_are_counted_and_timed(gate: Gate) -> None:
    before = gate.status
    with gate.connect() as driver, driver.session() as session:
        session.run("RETURN 1").consume()
        with session.begin_transaction() as transaction:
            transaction.run("RETURN 1").consume()
            transaction.run("RETURN 2").consume()
            time.sleep(0.2)
            transaction.rollback()
        with pytest.raises(ClientError):
            session.run("RETURN 1/0").consume()
        session.run("RETURN 1").consume()
    after = gate.status
    assert after.transactions - before.transactions == 4
    assert 0.2 <= after.transaction_seconds - before.transaction_seconds < 5


def test_who_may_not_log_on_at_the_server_may_not_here(gate: Gate) -> None:
    with gate.connect() as driver:
        driver.verify_connectivity()
        with pytest.raises(AuthError), driver.session(auth=("neo4j", "wrong")) as session:
            session.run("RETURN 1").consume()
        assert not driver.verify_authentication(("neo4j", "wrong too"))
        assert driver.verify_authentication(AUTH)


def test_texts_are_sampled_and_parameters_are_not(gate: Gate) -> None:
    with gate.connect() as driver:
        driver.execute_query("RETURN $secret AS sampled", secret="the parameter")
        with driver.session(default_access_mode="READ") as session:
            session.run("RETURN 2 AS read").consume()
    samples = {one.text: one for one in gate.control.queries()["ledger"]}
    assert samples["RETURN $secret AS sampled"].writes
    assert not samples["RETURN 2 AS read"].writes
    assert not any("the parameter" in text for text in samples)


def test_garbage_and_silence_disturb_nobody(gate: Gate) -> None:
    with gate.connect() as driver:
        driver.verify_connectivity()
        for sent in (b"GET / HTTP/1.1\r\n\r\n", bytes(100), b"\x60\x60\xb0\x17" + b"\xff" * 60, b""):
            with socket.create_connection((gate.address, 7687)) as stranger:
                stranger.sendall(sent)
                driver.execute_query("RETURN 1")
        agreed = b"\x60\x60\xb0\x17" + bytes([0, 0, 4, 5]) + bytes(12)
        with socket.create_connection((gate.address, 7687)) as stranger:
            stranger.sendall(agreed + b"\x00\x05garba\x00\x00")
            assert stranger.recv(4) == bytes([0, 0, 4, 5])
            assert stranger.recv(100) == b"", "what is no Bolt is closed"
        driver.execute_query("RETURN 1")
    wait_until(lambda: gate.status.sessions == 0)


def test_a_driver_of_bolt_4_is_told_in_a_sentence(gate: Gate) -> None:
    with socket.create_connection((gate.address, 7687), timeout=5) as old:
        old.sendall(b"\x60\x60\xb0\x17" + bytes([0, 2, 4, 4]) + bytes([0, 0, 1, 4]) + bytes(8))
        assert old.recv(4) == bytes([0, 0, 4, 4])
        old.sendall(b"\x00\x03\xb1\x01\xa0\x00\x00")
        said = b""
        while piece := old.recv(4096):
            said += piece
    assert b"Use a driver of version 5.0 or newer" in said
    with socket.create_connection((gate.address, 7687), timeout=5) as older:
        older.sendall(b"\x60\x60\xb0\x17" + bytes([0, 0, 0, 3]) + bytes(12))
        assert older.recv(100) == bytes(4)


def test_a_hundred_sessions_at_once(gate: Gate) -> None:
    async def all_at_once() -> list[int]:
        async with AsyncGraphDatabase.driver(gate.uri, auth=AUTH, max_connection_pool_size=100) as driver:

            async def one(number: int) -> int:
                async with driver.session() as session:
                    result: Any = await session.run("RETURN $n AS n", n=number)
                    return (await result.single())["n"]

            return await asyncio.gather(*(one(number) for number in range(100)))

    assert asyncio.run(all_at_once()) == list(range(100))
