"""The traffic generator's own reckoning: nothing that failed may look well, and a proof must go red."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dco_sandbox.traffic import run
from dco_sandbox.traffic.choice import Call, Mix
from dco_sandbox.traffic.journal import Journal, Write, read_journal
from dco_sandbox.traffic.proof import judge
from dco_sandbox.traffic.report import Outcome, latency, longest_gap, summarise


def outcome(due: float, ended: float, failure: str | None = None, *, write: bool = False) -> Outcome:
    return Outcome(action="issue" if write else "balance", write=write, due=due, ended=ended, failure=failure)


def test_percentiles_are_ranks_of_what_succeeded() -> None:
    taken = latency([outcome(0, n / 1000) for n in range(1, 101)])
    assert (taken.p50_ms, taken.p95_ms, taken.p99_ms, taken.max_ms) == (50, 95, 99, 100)
    assert latency([outcome(0, 0.002)]).p99_ms == 2


def test_the_longest_gap_counts_start_and_end() -> None:
    assert longest_gap([1.0, 1.5, 4.0], 5.0) == 2.5
    assert longest_gap([], 7.0) == 7.0
    assert longest_gap([0.1, 0.2], 3.2) == 3.0


def test_failures_are_counted_with_reasons_and_times_and_fill_no_gap() -> None:
    outcomes = [outcome(0, 0.1), outcome(1, 1.1, "HTTP 503"), outcome(2, 2.2, "ReadError", write=True), outcome(3, 3.1)]
    report = summarise(outcomes, "now", 4.0)
    assert (report.requests, report.failed, report.acknowledged_writes) == (4, 2, 0)
    assert report.reasons == {"HTTP 503": 1, "ReadError": 1}
    assert [one.at for one in report.failures] == [1.1, 2.2]
    assert report.longest_gap_seconds == 3.0
    assert report.requests_per_second == 1.0


def choose(seed: int, number: int) -> list[Call]:
    mix = Mix(seed, "t")
    calls: list[Call] = []
    for n in range(number):
        calls += [mix.write(), mix.read()]
        mix.learn(calls[-2], {"id": f"i{n}"})
    return calls


def test_the_same_seed_gives_the_same_mix_and_another_one_another() -> None:
    assert choose(1, 200) == choose(1, 200)
    assert choose(1, 200) != choose(2, 200)


def test_every_key_is_new_and_no_credex_is_accepted_twice() -> None:
    writes = [call for call in choose(3, 500) if call.key]
    accepted = [call.path for call in writes if call.action == "accept"]
    assert len({call.key for call in writes}) == len(writes) == 500
    assert len(set(accepted)) == len(accepted) > 100


def test_a_journal_outlives_a_writer_that_was_killed_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    call = Call(action="open", method="POST", path="/accounts", body={"handle": "x"}, key="k1")
    journal = Journal(path)
    journal.sent(call)
    journal.acknowledged(call, {"id": "1"})
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"event":"sent","key":"k2","act')
    assert [write.key for write in read_journal(path)] == ["k1"]

    journal = Journal(path)
    journal.sent(Call(action="open", method="POST", path="/accounts", key="k3"))
    journal.close()
    assert [(write.key, write.answer) for write in read_journal(path)] == [("k1", {"id": "1"}), ("k3", None)]


def write(key: str, answer: dict[str, Any] | None) -> Write:
    return Write(key=key, action="issue", body={}, answer=answer)


EFFECT = {"id": "1", "amount": 5}


@pytest.mark.parametrize(
    ("answer", "effects", "holds"),
    [
        (EFFECT, [EFFECT], True),
        (EFFECT, [], False),
        (EFFECT, [EFFECT, EFFECT], False),
        (EFFECT, [{"id": "1", "amount": 6}], False),
        (EFFECT, [{"id": "1", "amount": None}], False),
        (None, [], True),
        (None, [EFFECT], True),
        (None, [EFFECT, EFFECT], False),
    ],
)
def test_a_proof_holds_only_when_each_is_there_once_and_as_acknowledged(
    answer: dict[str, Any] | None, effects: list[dict[str, Any]], holds: bool
) -> None:
    proof = judge([write("k", answer)], {"k": effects})
    assert proof.holds is holds
    assert ("exactly once" in proof.sentence()) is holds


class Failing(BaseHTTPRequestHandler):
    """Answers 503 to reads; hangs up on writes."""

    requests: list[str]

    def do_GET(self) -> None:
        self.requests.append("GET")
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.requests.append("POST")
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the library's name
        pass


@pytest.fixture
def failing() -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []
    server = ThreadingHTTPServer(("127.9.1.5", 0), type("Seen", (Failing,), {"requests": seen}))
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    yield f"http://127.9.1.5:{server.server_port}", seen
    server.shutdown()
    serving.join()
    server.server_close()


def test_a_failed_request_is_counted_and_not_sent_again(failing: tuple[str, list[str]], tmp_path: Path) -> None:
    url, seen = failing
    report = run(url, reads=10, writes=10, seconds=0.95, journal=tmp_path / "journal.jsonl")
    assert report.failed == report.requests == len(seen) == 20
    assert report.reasons == {"HTTP 503": 10, "RemoteProtocolError": 10}
    assert [write.answer for write in read_journal(tmp_path / "journal.jsonl")] == [None] * 10


def test_a_server_that_is_not_there_is_a_failure_too(tmp_path: Path) -> None:
    report = run("http://127.9.1.5:9", reads=10, writes=0, seconds=0.35, journal=tmp_path / "journal.jsonl")
    assert report.reasons == {"ConnectError": report.requests}
    assert report.requests == 4


def test_traffic_ends_when_it_is_told_to(failing: tuple[str, list[str]], tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    report = run(failing[0], reads=10, writes=0, stop=stop, journal=tmp_path / "journal.jsonl")
    assert report.seconds < 2
