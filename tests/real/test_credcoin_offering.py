"""The nightly offering as a process, against a real Neo4j: what is due is cleared once, whatever happens to a run."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

DAY = time.strftime("%Y-%m-%d", time.gmtime())
STATE = "MATCH (d:Daynode {current: true}) RETURN d.date AS date, d.offering AS offering, d.failed AS failed"
# A ring of five: each account gives 1, 2, 3 … and gets the same in turn, so that balances differ from 0 but sum to it.
FILL = """
CREATE (:Daynode {date: $day, current: true, offering: false, queue: false})
WITH 1 AS one
UNWIND range(0, 4) AS n CREATE (a:Account {id: 'a' + n, handle: 'holder-' + n, key: 'k' + n, balance: 0, day: $day})
WITH collect(a) AS accounts
UNWIND range(0, $accepted + $offered - 1) AS n
WITH accounts[n % 5] AS source, accounts[(n + 1) % 5] AS target, n
CREATE (c:Credex {id: 'c' + n, key: 'ck' + n, amount: n + 1, due: $day, day: $day,
                  status: CASE WHEN n < $accepted THEN 'accepted' ELSE 'offered' END})
CREATE (c)-[:FROM]->(source), (c)-[:TO]->(target)
"""
BALANCES = "MATCH (a:Account) RETURN a.id AS id, a.balance AS balance ORDER BY id"


def fill(ask: Any, accepted: int, offered: int = 0) -> list[int]:
    """Fill the emptied ledger; return the balances that clearing must lead to."""
    ask(FILL, day=DAY, accepted=accepted, offered=offered)
    expected = [0] * 5
    for n in range(accepted):
        expected[n % 5] -= n + 1
        expected[(n + 1) % 5] += n + 1
    return expected


def balances(ask: Any) -> list[int]:
    return [row["balance"] for row in ask(BALANCES)]


def cleared(ask: Any) -> int:
    return ask("MATCH (c:Credex {status: 'cleared'}) RETURN count(c) AS n")[0]["n"]


def end(process: Any, seconds: float = 180) -> tuple[int, dict[str, Any], str]:
    """Wait for an offering: its exit code, its report (empty without one), what it said to a person."""
    output, errors = process.communicate(timeout=seconds)
    reports = [json.loads(line) for line in output.splitlines() if '"checksum"' in line and '"level"' not in line]
    return process.returncode, reports[-1] if reports else {}, errors


def wait_until_some_are_cleared(ask: Any, number: int) -> None:
    deadline = time.monotonic() + 90
    while cleared(ask) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_run_twice_it_clears_once(ask: Any, start_offering: Any) -> None:
    expected = fill(ask, accepted=40, offered=10)

    first = end(start_offering(OFFERING_TOKEN="night-1"))
    again = end(start_offering(OFFERING_TOKEN="night-1"))
    assert (first[0], again[0]) == (0, 0)
    assert (first[1]["cleared"], first[1]["cleared_amount"]) == (40, sum(range(1, 41)))
    assert again[1] == first[1]
    assert balances(ask) == expected
    following = ask(STATE)[0]
    assert (following["date"] > DAY, following["offering"]) == (True, False)

    code, report, _ = end(start_offering(OFFERING_TOKEN="night-2"))
    assert (code, report["day"], report["cleared"]) == (0, following["date"], 0)
    assert balances(ask) == expected
    assert report["settled"] == first[1]["settled"]


def test_only_clearing_changes_the_settled_sum_and_any_write_the_whole_one(ask: Any, start_offering: Any) -> None:
    fill(ask, accepted=10)
    first = end(start_offering())[1]
    ask("CREATE (:Account {id: 'new', handle: 'new', key: 'new', balance: 0, day: $day})", day=DAY)
    second = end(start_offering())[1]
    assert second["settled"] == first["settled"]
    assert second["checksum"] != first["checksum"]


def test_killed_midway_it_is_run_again_and_clears_each_once(ask: Any, start_offering: Any) -> None:
    expected = fill(ask, accepted=150)
    killed = start_offering(OFFERING_BATCH="1")
    wait_until_some_are_cleared(ask, 10)
    killed.kill()
    killed.wait()
    assert 10 <= cleared(ask) < 150, "it was to be killed in the middle"
    assert ask(STATE)[0]["offering"] is True

    code, report, errors = end(start_offering(OFFERING_LEASE_SECONDS="1"))
    assert (code, errors) == (0, "")
    assert (report["day"], report["cleared"], report["cleared_amount"]) == (DAY, 150, sum(range(1, 151)))
    assert balances(ask) == expected


def test_told_to_stop_it_gives_the_day_back_at_once(ask: Any, start_offering: Any) -> None:
    expected = fill(ask, accepted=150)
    stopped = start_offering(OFFERING_BATCH="1")
    wait_until_some_are_cleared(ask, 5)
    stopped.terminate()
    code, _, errors = end(stopped)
    assert code == 143
    assert "day stays open" in errors
    assert ask(STATE) == [{"date": DAY, "offering": False, "failed": "The run was told to stop."}]

    assert end(start_offering())[0] == 0
    assert balances(ask) == expected


def test_while_another_run_lives_it_refuses(ask: Any, start_offering: Any) -> None:
    fill(ask, accepted=5)
    ask("MATCH (d:Daynode) SET d.offering = true, d.run = 'other', d.beat = 0, d.began = datetime()")
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.1):
            ask("MATCH (d:Daynode) SET d.beat = d.beat + 1")

    heart = threading.Thread(target=beat)
    heart.start()
    try:
        code, _, errors = end(start_offering(OFFERING_LEASE_SECONDS="2"))
    finally:
        over.set()
        heart.join()
    assert code == 1
    assert "is run by other since" in errors
    assert cleared(ask) == 0


def test_a_run_that_lost_its_day_stops_at_its_next_transaction(ask: Any, start_offering: Any) -> None:
    fill(ask, accepted=150)
    loser = start_offering(OFFERING_BATCH="1")
    wait_until_some_are_cleared(ask, 5)
    ask("MERGE (k:Calendar {name: 'credcoin'}) SET k.turn = 0 WITH k MATCH (d:Daynode {current: true}) SET d.run = 'b'")
    at_the_loss = cleared(ask)
    code, report, errors = end(loser)
    assert (code, report) == (1, {})
    assert "Another run has taken the day over" in errors
    assert cleared(ask) == at_the_loss < 150
    assert ask(STATE) == [{"date": DAY, "offering": True, "failed": None}], "the day is the other run's to give back"


def test_a_run_that_is_long_at_one_thing_is_not_taken_for_dead(ask: Any, start_offering: Any) -> None:
    fill(ask, accepted=5)
    with socket.create_server(("127.9.1.4", 0)) as never_answers:
        aws = {"AWS_ENDPOINT_URL": f"http://127.9.1.4:{never_answers.getsockname()[1]}", "AWS_REGION": "eu-central-1"}
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "REPORT_BUCKET": "reports"}
        busy = start_offering(OFFERING_LEASE_SECONDS="1", **aws, **keys)
        wait_until_some_are_cleared(ask, 5)
        with never_answers.accept()[0]:  # from now on it waits for S3
            code, _, errors = end(start_offering(OFFERING_LEASE_SECONDS="1"))
            busy.kill()
    assert code == 1
    assert "that run is alive" in errors


def test_a_run_that_slept_while_another_took_over_does_no_harm_when_it_wakes(ask: Any, start_offering: Any) -> None:
    expected = fill(ask, accepted=150)
    sleeper = start_offering(OFFERING_BATCH="1", PATIENCE_SECONDS="3")
    wait_until_some_are_cleared(ask, 5)
    os.kill(sleeper.pid, signal.SIGSTOP)
    try:
        code, report, _ = end(start_offering(OFFERING_LEASE_SECONDS="1"))
    finally:
        os.kill(sleeper.pid, signal.SIGCONT)
    woken, _, errors = end(sleeper)
    assert (code, report["cleared"]) == (0, 150)
    assert woken == 1
    assert errors.startswith("Error: ")
    assert balances(ask) == expected
    assert ask(STATE)[0]["offering"] is False


@pytest.mark.parametrize(
    ("tamper", "repair", "said"),
    [
        (
            "MATCH (a:Account {id: 'a1'}) SET a.balance = a.balance + 1",
            "MATCH (a:Account {id: 'a1'}) SET a.balance = a.balance - 1",
            "balances sum to 1 instead of 0",
        ),
        (
            "MATCH (a {id: 'a1'}), (b {id: 'a2'}) SET a.balance = a.balance + 1, b.balance = b.balance - 1",
            "MATCH (a {id: 'a1'}), (b {id: 'a2'}) SET a.balance = a.balance - 1, b.balance = b.balance + 1",
            "not the sum of their cleared credexes: a",
        ),
        (
            "MATCH (c:Credex {id: 'c22'}) SET c.status = 'cleared'",
            "MATCH (c:Credex {id: 'c22'}) SET c.status = 'offered'",
            "not the sum of their cleared credexes: a",
        ),
        (
            "MATCH (:Credex {id: 'c3'})-[r:TO]->(:Account) DELETE r",
            "MATCH (c:Credex {id: 'c3'}), (a:Account {id: 'a4'}) CREATE (c)-[:TO]->(a)",
            "without exactly one account on each side: c3",
        ),
        (
            "MATCH (c:Credex {id: 'c22'}) SET c.amount = '23'",
            "MATCH (c:Credex {id: 'c22'}) SET c.amount = 23",
            "without a positive amount: c22",
        ),
    ],
    ids=["sum", "shifted", "uncleared", "one-sided", "no-amount"],
)
def test_on_a_tampered_ledger_the_day_stays_open_until_it_is_repaired(
    ask: Any, start_offering: Any, tamper: str, repair: str, said: str
) -> None:
    expected = fill(ask, accepted=20, offered=5)
    ask(tamper)
    code, report, errors = end(start_offering())
    assert (code, report) == (1, {})
    assert said in errors
    state = ask(STATE)[0]
    assert (state["date"], state["offering"]) == (DAY, False)
    assert said in state["failed"]

    ask(repair)
    assert end(start_offering())[0] == 0
    assert balances(ask) == expected


def test_an_unreachable_database_or_a_missing_setting_is_a_sentence_and_an_exit_code(start_offering: Any) -> None:
    begun = time.monotonic()
    code, _, errors = end(start_offering(LEDGER_URI="bolt://127.9.1.9:7", PATIENCE_SECONDS="2"))
    assert code == 1
    assert "The ledger database does not answer" in errors
    assert time.monotonic() - begun < 15

    code, _, errors = end(start_offering(LEDGER_AUTH="neo4j/only-for-this-test-run"))
    assert code == 2
    assert "LEDGER_AUTH is not JSON" in errors
    assert "only-for-this-test-run" not in errors


@pytest.fixture
def s3() -> Iterator[Any]:
    server = ThreadedMotoServer("127.9.1.4", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    client = boto3.client(
        "s3",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    yield client, settings
    server.stop()


def test_the_report_is_in_s3_before_the_day_closes(ask: Any, start_offering: Any, s3: Any) -> None:
    client, settings = s3
    expected = fill(ask, accepted=10)
    code, _, errors = end(start_offering(REPORT_BUCKET="reports", **settings))
    assert code == 1
    assert "could not be written to s3://reports/offerings" in errors
    assert ask(STATE)[0]["date"] == DAY

    client.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    code, report, _ = end(start_offering(REPORT_BUCKET="reports", **settings))
    assert code == 0
    stored = json.load(client.get_object(Bucket="reports", Key=f"offerings/{DAY}.json")["Body"])
    assert stored == report
    assert (stored["cleared"], balances(ask)) == (10, expected)


def test_inside_the_api_it_runs_as_a_cron_beside_the_writes(ask: Any, start_app: Any) -> None:
    expected = fill(ask, accepted=30)
    start_app(OFFERING_CRON="*/2 * * * * *")
    deadline = time.monotonic() + 60
    while ask(STATE)[0]["date"] == DAY:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert balances(ask) == expected
