"""Traffic against the sample's API, and its proof: red as soon as somebody touches a write behind its back."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from dco_sandbox.traffic import Report, prove, run
from dco_sandbox.traffic.journal import read_journal


def command(app: Any, journal: Path, *more: str) -> list[str]:
    traffic = [sys.executable, "-m", "dco_sandbox.traffic", "--url", app.url, "--journal", str(journal), "--json"]
    return [*traffic, "--reads", "20", "--writes", "20", *more]


def wait_for_writes(journal: Path, over: threading.Event | None = None) -> None:
    """Wait until every kind of write was acknowledged a few times: on a busy machine that takes a while."""
    deadline = time.monotonic() + 120
    while not (over and over.is_set()):
        done = Counter(write.action for write in read_journal(journal) if write.answer) if journal.exists() else {}
        if min(done.get("open", 0), done.get("issue", 0), done.get("accept", 0)) >= 5:
            return
        assert time.monotonic() < deadline, done
        time.sleep(0.2)


def some_traffic(app: Any, journal: Path) -> Report:
    enough = threading.Event()

    def watch() -> None:
        try:
            wait_for_writes(journal, enough)
        finally:
            enough.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    report = run(app.url, reads=20, writes=20, seconds=60, stop=enough, seed=7, journal=journal)
    enough.set()
    watcher.join()
    assert report.failed == 0, report.reasons
    return report


def test_the_proof_holds_across_an_offering(
    start_app: Any, start_offering: Any, neo4j_server: Any, tmp_path: Path
) -> None:
    app = start_app(QUEUE_SECONDS="0.5")
    journal = tmp_path / "journal.jsonl"
    offering = start_offering()
    report = some_traffic(app, journal)
    assert offering.wait(30) == 0
    assert start_offering().wait(30) == 0

    proof = prove(neo4j_server.uri, ("neo4j", neo4j_server.password), journal)
    assert proof.holds, proof.sentence()
    assert proof.acknowledged == report.acknowledged_writes == report.writes.requests >= 15
    assert report.versions == {"1.0.0": report.requests}
    assert 0 < report.reads.p50_ms <= report.reads.p95_ms <= report.reads.p99_ms <= report.reads.max_ms


def test_the_proof_goes_red_when_a_write_is_touched(
    start_app: Any, ask: Any, neo4j_server: Any, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.jsonl"
    some_traffic(start_app(), journal)
    keys = {action: [] for action in ("open", "issue", "accept")}
    for write in read_journal(journal):
        keys[write.action].append(write.key)

    def proof() -> Any:
        return prove(neo4j_server.uri, ("neo4j", neo4j_server.password), journal)

    assert proof().holds
    ask("MATCH (c:Credex {key: $key}) DETACH DELETE c", key=keys["issue"][0])
    ask("MATCH (a:Account {key: $key}) DETACH DELETE a", key=keys["open"][-1])
    ask("MATCH (c:Credex {accept_key: $key}) SET c.status = 'offered'", key=keys["accept"][-1])
    ask(
        "MATCH (c:Credex {key: $key}) CREATE (:Credex {id: 'twin', key: c.key, amount: c.amount})", key=keys["issue"][1]
    )
    ask("MATCH (c:Credex {key: $key}) SET c.amount = c.amount + 1", key=keys["issue"][2])
    ask("MATCH (c:Credex {key: $key})-[r:TO]->() DELETE r", key=keys["issue"][3])

    red = proof()
    assert not red.holds
    assert {keys["issue"][0], keys["open"][-1], keys["accept"][-1]} <= set(red.missing)
    assert keys["issue"][1] in red.doubled
    assert {keys["issue"][2], keys["issue"][3]} <= set(red.differing)


def test_killed_it_leaves_all_that_was_acknowledged(start_app: Any, neo4j_server: Any, tmp_path: Path) -> None:
    app, journal = start_app(), tmp_path / "journal.jsonl"
    process = subprocess.Popen(command(app, journal), stdout=subprocess.DEVNULL)
    wait_for_writes(journal)
    process.kill()
    process.wait()
    proof = prove(neo4j_server.uri, ("neo4j", neo4j_server.password), journal)
    assert proof.holds, proof.sentence()
    assert proof.acknowledged > 10


def test_told_to_stop_it_still_reports_and_proves(start_app: Any, neo4j_server: Any, tmp_path: Path) -> None:
    app, journal = start_app(), tmp_path / "journal.jsonl"
    process = subprocess.Popen(
        command(app, journal, "--prove", neo4j_server.uri),
        stdout=subprocess.PIPE,
        env={"LEDGER_AUTH": neo4j_server.auth},
    )
    wait_for_writes(journal)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=90)
    report = json.loads(output)
    assert (process.returncode, report["failed"], report["proof"]["holds"]) == (0, 0, True)
    assert report["requests"] > 20


def test_requests_that_fail_make_the_command_fail(start_app: Any, tmp_path: Path) -> None:
    app = start_app()
    app.process.kill()
    app.process.wait()
    done = subprocess.run(
        command(app, tmp_path / "journal.jsonl", "--seconds", "0.5"), stdout=subprocess.PIPE, check=False
    )
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["failed"] == report["requests"] > 0
    assert report["longest_gap_seconds"] == report["seconds"]
