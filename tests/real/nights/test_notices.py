"""Who is told what: by webhook and by topic, when a night waits, failed, deployed or takes long."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.real.nights.stage import BUCKET, QUICK, Stage, await_that


class Mailbox:
    """What was posted to a loopback address, by webhook and by SNS."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        mailbox = self

        class Receiving(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mailbox.received.append(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiving)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def by_webhook(self) -> list[str]:
        return [message["subject"] for message in self.received if "subject" in message]

    def by_topic(self) -> list[str]:
        return [message["Subject"] for message in self.received if message.get("Type") == "Notification"]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mailbox that is open."""
    made = Mailbox()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def _told(stage: Stage, mailbox: Mailbox) -> dict[str, Any]:
    sns = stage.client("sns")
    topic = sns.create_topic(Name="nights")["TopicArn"]
    for known in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=known["SubscriptionArn"])
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{mailbox.url}/topic")
    return {"notify": {"webhook": f"{mailbox.url}/hook", "sns_topic": topic}}


@pytest.mark.long
def test_people_are_told_that_a_night_waits_failed_and_deployed(stage: Stage, mailbox: Mailbox) -> None:
    told = _told(stage, mailbox)
    stage.configure(QUICK, told)
    assert stage.run()[1]["outcome"] == "quiet"
    assert mailbox.by_webhook() == [], "a quiet night is no news"
    stage.release("good")
    rejected = stage.begin("run", "--json")
    first = stage.waits()
    await_that(lambda: bool(mailbox.by_topic()), "approvers are told", 30)
    stage.dco("reject", "--why", "not today", person="alice")
    assert rejected.end().code == 4
    deployed = stage.begin("run", "--json")
    second = stage.waits()
    stage.dco("approve", person="alice")
    assert deployed.end().code == 0
    expected = [
        f"production: night {first} waits for approval",
        f"production: night {first} ended: refused",
        f"production: night {second} waits for approval",
        f"production: night {second} ended: deployed",
    ]
    assert mailbox.by_webhook() == expected
    assert mailbox.by_topic() == expected


@pytest.mark.long
def test_people_are_told_once_that_a_night_takes_much_longer_than_usual(stage: Stage, mailbox: Mailbox) -> None:
    told = _told(stage, mailbox)
    told["notify"]["slow_factor"] = 0.1
    slow = {"kind": "command", "command": ["sleep", "25"], "time_limit_seconds": 60}
    stage.configure({"offering": slow}, told)
    keys = [_put_deployed(stage, number) for number in range(3)]
    try:
        code, _ = stage.run()
    finally:
        for key in keys:
            stage.client("s3").delete_object(Bucket=BUCKET, Key=key)
    assert code == 0
    assert len(mailbox.by_webhook()) == 1
    assert mailbox.by_webhook() == mailbox.by_topic()
    assert "takes long" in mailbox.by_webhook()[0]


def _put_deployed(stage: Stage, number: int) -> str:
    """Put the report of a night that deployed within a minute, newer than all others."""
    night = f"99991231-00000{number}"
    report = {
        "night": night, "environment": "production", "outcome": "deployed", "sentence": "it serves",
        "began": "2026-11-22T03:00:00.000Z", "ended": "2026-11-22T03:01:00.000Z",
    }  # fmt: skip
    key = f"nights/{night}/report.json"
    stage.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(report).encode())
    return key
