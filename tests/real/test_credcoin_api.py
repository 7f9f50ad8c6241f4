"""The sample's API as a process, against a real Neo4j: a write takes effect once, and nobody is left without answer."""

import asyncio
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx


def fresh() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def post(client: httpx.Client, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = client.post(path, json=body, headers=fresh())
    assert answer.is_success, answer.text
    return answer.json()


def open_accounts(client: httpx.Client, number: int) -> list[str]:
    return [post(client, "/accounts", {"handle": f"holder-{n}"})["id"] for n in range(number)]


def send_at_once(url: str, requests: list[tuple[str, dict[str, Any] | None, dict[str, str]]]) -> list[httpx.Response]:
    async def together() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
            posts = (client.post(path, json=body, headers=headers) for path, body, headers in requests)
            return await asyncio.gather(*posts)

    return asyncio.run(together())


def wait_until(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def test_writes_repeated_at_once_with_one_key_take_effect_once(start_app: Any, ask: Any) -> None:
    app = start_app()
    with app.client() as client:
        source, target = open_accounts(client, 2)
    body = {"from": source, "to": target, "amount": 700}
    key = fresh()

    answers = send_at_once(app.url, [("/credexes", body, key)] * 20)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replay" in answer.headers for answer in answers) == 19
    assert ask("MATCH (c:Credex) RETURN count(c) AS credexes, sum(c.amount) AS sum") == [{"credexes": 1, "sum": 700}]


def test_of_many_who_accept_one_credex_one_succeeds(start_app: Any) -> None:
    app = start_app()
    with app.client() as client:
        source, target = open_accounts(client, 2)
        credex = post(client, "/credexes", {"from": source, "to": target, "amount": 1})["id"]

    answers = send_at_once(app.url, [(f"/credexes/{credex}/accept", None, fresh()) for _ in range(10)])

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9


def test_of_many_who_want_one_handle_one_gets_it(start_app: Any, ask: Any) -> None:
    app = start_app()

    answers = send_at_once(app.url, [("/accounts", {"handle": "wanted"}, fresh()) for _ in range(10)])

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    # A refused write keeps no key: the same key may be used again once the reason is gone.
    assert ask("MATCH (w:Write) WHERE w.answer CONTAINS 'wanted' RETURN count(w) AS n") == [{"n": 1}]
    assert ask("MATCH (w:Write) WHERE w.answer IS NULL RETURN count(w) AS n") == [{"n": 0}]


def test_balances_are_exact_to_the_minor_unit(start_app: Any, start_offering: Any) -> None:
    app = start_app()
    with app.client() as client:
        accounts = open_accounts(client, 4)
        moves = [(accounts[n % 4], accounts[(n + 1 + n % 3) % 4], n * 37 + 1) for n in range(60)]
        issued = send_at_once(
            app.url, [("/credexes", {"from": a, "to": b, "amount": amount}, fresh()) for a, b, amount in moves]
        )
        accepted = [answer.json()["id"] for answer in issued[:45]]
        send_at_once(app.url, [(f"/credexes/{credex}/accept", None, fresh()) for credex in accepted])
        expected = dict.fromkeys(accounts, 0)
        for source, target, amount in moves[:45]:
            expected[source] -= amount
            expected[target] += amount

        before = {one: client.get(f"/accounts/{one}/balance").json() for one in accounts}
        assert start_offering().wait(30) == 0
        after = {one: client.get(f"/accounts/{one}/balance").json() for one in accounts}

    assert {one: facts["balance"] for one, facts in before.items()} == expected
    assert {facts["cleared"] for facts in before.values()} == {0}
    assert {one: facts["balance"] for one, facts in after.items()} == expected
    assert {one: facts["cleared"] for one, facts in after.items()} == expected


REFUSED = [
    ("/accounts", "not json", 400),
    ("/accounts", "[]", 400),
    ("/accounts", '{"handle": "Upper"}', 400),
    ("/accounts", '{"handle": "ok", "more": 1}', 400),
    ("/accounts", json.dumps({"handle": "x" * 20_000}), 413),
    ("/credexes", '{"from": "a", "to": "a", "amount": 1}', 400),
    ("/credexes", '{"from": "a", "to": "b", "amount": 0}', 400),
    ("/credexes", '{"from": "a", "to": "b", "amount": 1.5}', 400),
    ("/credexes", '{"from": "a", "to": "b", "amount": true}', 400),
    ("/credexes", '{"from": "a", "to": "b", "amount": 1}', 404),
    ("/credexes/none/accept", "", 404),
]


def test_what_cannot_be_done_is_refused_with_a_way_out(start_app: Any, ask: Any) -> None:
    with start_app().client() as client:
        for path, content, status in REFUSED:
            answer = client.post(path, content=content, headers=fresh())
            assert (content, answer.status_code) == (content, status)
            assert set(answer.json()) == {"error", "try"}
        key = fresh()
        assert client.post("/accounts", json={"handle": "keyless"}).status_code == 400
        assert client.post("/accounts", json={"handle": "first"}, headers=key).status_code == 201
        assert client.post("/accounts", json={"handle": "second"}, headers=key).status_code == 422
        assert client.get("/accounts/none/balance").status_code == 404
    assert ask("MATCH (a:Account) RETURN a.handle AS handle") == [{"handle": "first"}]


def test_accounts_are_found_after_the_queue_ran_and_its_mark_is_gone(start_app: Any, ask: Any) -> None:
    app = start_app(QUEUE_SECONDS="0.2")
    with app.client() as client:
        open_accounts(client, 3)
        wait_until(lambda: len(client.get("/search", params={"q": "holder"}).json()["accounts"]) == 3)
    wait_until(lambda: ask("MATCH (d:Daynode {current: true}) RETURN d.queue AS queue") == [{"queue": False}])
    assert ask("MATCH (o:Outbox) RETURN count(o) AS n") == [{"n": 0}]


def test_the_queue_leaves_another_tasks_turn_alone_and_takes_a_dead_tasks_over(start_app: Any, ask: Any) -> None:
    today = time.strftime("%Y-%m-%d", time.gmtime())
    ask(
        "CREATE (:Daynode {date: $today, current: true, offering: false, "
        "queue: true, queue_by: 'another', queue_until: timestamp() + 600000})",
        today=today,
    )
    app = start_app(QUEUE_SECONDS="0.2")
    with app.client() as client:
        open_accounts(client, 1)
        time.sleep(1)
        assert client.get("/search", params={"q": "holder"}).json() == {"accounts": []}
        ask("MATCH (d:Daynode {current: true}) SET d.queue_until = timestamp() - 1")
        wait_until(lambda: client.get("/search", params={"q": "holder"}).json()["accounts"])
    wait_until(lambda: ask("MATCH (d:Daynode {current: true}) RETURN d.queue AS queue") == [{"queue": False}])


def test_writes_go_on_without_the_search_database_and_health_tells(start_app: Any) -> None:
    app = start_app(healthy=False, SEARCH_URI="bolt://127.9.1.9:7", PATIENCE_SECONDS="2")
    with app.client() as client:
        assert post(client, "/accounts", {"handle": "still-here"})["handle"] == "still-here"
        health = client.get("/health")
        search = client.get("/search", params={"q": "still"})
    assert health.status_code == 503
    assert health.json()["ledger"] == "ok"
    assert "search database" in health.json()["search"]
    assert (search.status_code, search.headers["retry-after"]) == (503, "1")


def test_a_database_that_hangs_is_waited_for_a_bounded_time_and_used_again(start_app: Any, neo4j_server: Any) -> None:
    app = start_app(PATIENCE_SECONDS="2")
    with app.client() as client:
        account = open_accounts(client, 1)[0]
        os.kill(neo4j_server.pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            read = client.get(f"/accounts/{account}/balance")
            write = client.post("/accounts", json={"handle": "later"}, headers=fresh())
            health = client.get("/health")
            taken = time.monotonic() - begun
        finally:
            os.kill(neo4j_server.pid, signal.SIGCONT)
        assert {read.status_code, write.status_code, health.status_code} == {503}
        assert taken < 9
        wait_until(lambda: client.get("/health").status_code == 200)
        assert client.get(f"/accounts/{account}/balance").json()["balance"] == 0


def test_version_tells_the_image_that_ecs_names(start_app: Any, tmp_path: Any) -> None:
    app = start_app(ECS_CONTAINER_METADATA_URI_V4=(tmp_path / "gone").as_uri())
    with app.client() as client:
        assert client.get("/version").json() == {"version": "1.0.0", "image": None}
        (tmp_path / "gone").write_text('{"ImageID": "sha256:0123"}')
        assert client.get("/version").json() == {"version": "1.0.0", "image": "sha256:0123"}


def test_no_secret_is_in_the_log(start_app: Any, neo4j_server: Any) -> None:
    app = start_app()
    with app.client() as client:
        open_accounts(client, 1)
    app.process.terminate()
    assert app.process.wait(10) == 0
    lines = app.log.read_text().splitlines()
    assert all(json.loads(line)["message"] for line in lines)
    assert neo4j_server.password not in "".join(lines)


def test_a_request_that_runs_when_told_to_leave_is_finished(start_app: Any, neo4j_server: Any) -> None:
    app = start_app(DRAIN_SECONDS="0.2")
    answers: list[httpx.Response] = []
    with app.client() as client, neo4j_server.connect() as driver, driver.session() as session:
        source, target = open_accounts(client, 2)
        credex = post(client, "/credexes", {"from": source, "to": target, "amount": 5})["id"]
        held = session.begin_transaction()
        held.run("MATCH (c:Credex {id: $id}) SET c.held = true", id=credex).consume()
        waiting = threading.Thread(
            target=lambda: answers.append(client.post(f"/credexes/{credex}/accept", headers=fresh()))
        )
        waiting.start()
        time.sleep(0.5)
        app.process.terminate()
        time.sleep(1)
        assert not answers, "the request was meant to wait for the lock"
        held.commit()
        waiting.join(20)
    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].headers["connection"] == "close"
    assert app.process.wait(10) == 0


def test_a_server_that_leaves_under_load_fails_no_request(start_app: Any) -> None:
    leaving, staying = start_app(), start_app()
    serving = [leaving.url, staying.url]
    failures: list[str] = []
    told = after = 0

    async def work(number: int, until: float) -> None:
        nonlocal after
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            turn = number
            while time.monotonic() < until:
                turn += 1
                url = serving[turn % len(serving)]
                try:
                    answer = await client.post(f"{url}/accounts", json={"handle": f"w{number}-{turn}"}, headers=fresh())
                except httpx.TransportError as error:
                    failures.append(type(error).__name__)
                    continue
                if answer.status_code != 201:
                    failures.append(answer.text)
                if url == leaving.url and told:
                    after += 1
                # What a load balancer does: whoever closes its connections gets no new ones.
                if answer.headers.get("connection") == "close" and url in serving:
                    serving.remove(url)

    async def load() -> None:
        nonlocal told
        workers = [asyncio.create_task(work(number, time.monotonic() + 3)) for number in range(8)]
        await asyncio.sleep(1)
        told = 1
        leaving.process.terminate()
        await asyncio.gather(*workers)

    asyncio.run(load())
    assert failures == []
    assert after > 0, "no request met the server while it left: the test proved nothing"
    assert serving == [staying.url]
    assert leaving.process.wait(10) == 0
