"""Disks that are full, and a bucket that refuses: nothing is lost, blue goes on, and it goes on where it stood."""

import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.real.plugin.conftest import NETWORK, Make
from tests.real.stream.conftest import MakeLab
from tests.real.stream.lab import S3, until
from tests.real.stream.ordeal import Ordeal
from tests.real.stream.test_faults import revive
from tests.real.stream.wire import Wire

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
BLOCK = 512
# As large as some files are already: what is there may be written over, as on a disk that is full.
FULL = 64 << 10


def fill(pid: int, most: int = FULL) -> None:
    """Let no file of a process grow beyond so many bytes, as if its disk were full."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hard))


def empty(pid: int) -> None:
    """Give a process room again."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def troubles(ordeal: Ordeal) -> dict[str, str]:
    state = ordeal.site.state()
    return state.troubles if state else {}


def test_greens_disk_is_full(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.seed()
    ordeal.ledger.wait_for(60)
    fill(ordeal.green.pid)
    ordeal.ledger.wait_for(200)
    until(lambda: any(name.startswith("follow") for name in troubles(ordeal)), "nobody tells that green stands still")
    empty(ordeal.green.pid)
    revive(ordeal.green)
    entries = ordeal.prove()
    assert all(entry.acknowledged for entry in entries)


def test_blues_disk_is_full(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.seed()
    ordeal.ledger.wait_for(60)
    fill(ordeal.blue.pid)
    until(lambda: sum(not entry.acknowledged for entry in ordeal.ledger.entries) > 10, "blue still writes")
    empty(ordeal.blue.pid)
    revive(ordeal.blue)
    ordeal.prove()


def test_the_streams_disk_is_full(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    fill(ordeal.stream.pid, 0)
    ordeal.seed()
    ordeal.ledger.wait_for(200)
    assert ordeal.stream.poll() is None
    entries = ordeal.prove()
    assert all(entry.acknowledged for entry in entries)


def test_a_seed_onto_a_full_disk_says_so_and_the_next_one_is_good(make: Make, lab: MakeLab) -> None:
    ordeal = Ordeal(make, lab)
    words = [sys.executable, "-m", "dco_stream", "-c", str(ordeal.site.file), "seed", "ledger"]
    limit = ["sh", "-c", f'ulimit -f {FULL // BLOCK}; exec "$@"', "sh"]
    place = str(ordeal.green.home / "full")
    command = [*limit, *words, "--into", place]
    done = subprocess.run(command, env=ordeal.site.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr
    assert "can't be written" in done.stderr
    assert "larger or sound disk" in done.stderr
    ordeal.seed()
    ordeal.prove(restores=1)


class Refusing:
    """A bucket that refuses everything."""

    def __init__(self, address: str, port: int) -> None:
        self.answer: tuple[int, str] = (503, "SlowDown")
        refusing = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status, code = refusing.answer
                body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT  # noqa: N815 -- the names are the module's

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the module's name for it
                del format, args

        self.server = ThreadingHTTPServer((address, port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    made = Refusing(f"{NETWORK}.53", 9001)
    yield made
    made.close()


@pytest.fixture
def wire(s3: S3) -> Iterator[Wire]:
    host, _, port = s3.url.removeprefix("http://").partition(":")
    made = Wire(f"{NETWORK}.52", 9000, (host, int(port)))
    yield made
    made.close()


def test_the_bucket_refuses(make: Make, lab: MakeLab, wire: Wire, refusing: Refusing) -> None:
    ordeal = Ordeal(make, lab)
    ordeal.stream.kill()
    ordeal.site.environment["AWS_ENDPOINT_URL"] = f"http://{NETWORK}.52:9000"
    ordeal.stream = ordeal.site.start()
    ordeal.seed()
    bucket = wire.to
    for answer in ((503, "SlowDown"), (403, "AccessDenied"), (507, "QuotaExceeded")):
        ordeal.ledger.wait_for(60)
        refusing.answer, wire.to = answer, (f"{NETWORK}.53", 9001)
        wire.cut()
        wire.mend()
        ordeal.ledger.wait_for(150)
        until(lambda answer=answer: answer[1] in ordeal.site.log, f"{answer} is not told")
        wire.to = bucket
        wire.cut()
        wire.mend()
    entries = ordeal.prove()
    assert all(entry.acknowledged for entry in entries)
