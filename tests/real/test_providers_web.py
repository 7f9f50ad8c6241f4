"""HTTP as a user would ask, and the webhook, against a server that behaves as told."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dco.model.environment import Aws, Notify
from dco.providers.aws.notices import AwsNotices
from dco.providers.aws.session import AwsSession
from dco.providers.web import HttpWeb


@dataclass
class Site:
    url: str
    seen: list[tuple[str, str, bytes, dict[str, str]]] = field(
        default_factory=list[tuple[str, str, bytes, dict[str, str]]]
    )
    failures: int = 0


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.seen.append((self.command, self.path, body, {k.lower(): v for k, v in self.headers.items()}))
            if made.failures:
                made.failures -= 1
                return self._answer(503, b"busy")
            if self.path == "/slow":
                time.sleep(1)
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/there")
                self.end_headers()
                return None
            if self.path == "/garbage":
                self.wfile.write(b"this is no HTTP\r\n\r\n")
                return None
            return self._answer(404 if self.path == "/none" else 200, b"you asked " + self.path.encode())

        do_POST = do_GET  # noqa: N815 - the base class's name

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.9.1.21", 0), Handler)
    made = Site(f"http://127.9.1.21:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_answer_is_status_and_body_also_when_it_is_bad(site: Site) -> None:
    web = HttpWeb()
    good, bad = web.ask(f"{site.url}/a"), web.ask(f"{site.url}/none")
    assert (good.status, good.body) == (200, "you asked /a")
    assert (bad.status, bad.body) == (404, "you asked /none")


def test_no_answer_is_status_zero_with_the_reason(site: Site) -> None:
    web = HttpWeb()
    slow = web.ask(f"{site.url}/slow", timeout=0.2)
    assert (slow.status, slow.body) == (0, "timed out")
    refused = web.ask("http://127.9.1.21:1/")
    assert refused.status == 0
    assert "refused" in refused.body
    assert web.ask(f"{site.url}/garbage").status == 0


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.9.1.21/", "nonsense", "http://", "http://[", ""])
def test_only_http_is_asked(url: str) -> None:
    answer = HttpWeb().ask(url)
    assert answer.status == 0
    assert answer.body


def test_a_token_goes_along(site: Site) -> None:
    HttpWeb().ask(f"{site.url}/run", method="POST", token="n-1")
    method, path, _, headers = site.seen[0]
    assert (method, path, headers["idempotency-key"]) == ("POST", "/run", "n-1")


def test_a_get_follows_a_redirect_and_a_post_does_not(site: Site) -> None:
    assert HttpWeb().ask(f"{site.url}/moved").body == "you asked /there"
    assert HttpWeb().ask(f"{site.url}/moved", method="POST").status == 302
    assert [seen[0] for seen in site.seen] == ["GET", "GET", "POST"]


def notices(site: Site, tmp_path: Path, path: str = "/hook/secret-part") -> AwsNotices:
    return AwsNotices(AwsSession(Aws(region="eu-central-1"), tmp_path), Notify(webhook=site.url + path))


def test_a_webhook_is_told_and_asked_again_once(site: Site, tmp_path: Path) -> None:
    site.failures = 1
    assert notices(site, tmp_path).send("Deployed", "All is well.", {"night": "n"}) == ()
    _, path, body, headers = site.seen[-1]
    assert (len(site.seen), path, headers["content-type"]) == (2, "/hook/secret-part", "application/json")
    assert json.loads(body) == {"text": "Deployed\nAll is well.", "subject": "Deployed", "facts": {"night": "n"}}


def test_a_webhook_that_fails_is_told_without_its_secret_part(site: Site, tmp_path: Path) -> None:
    site.failures = 2
    told = notices(site, tmp_path).send("Deployed", "All is well.", {})
    assert told == ("the webhook at 127.9.1.21 could not be told: it answered 503",)
