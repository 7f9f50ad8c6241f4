"""Two servers with the same store, which the tests of this room share, and gates in front of them."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.real.gate.authority import Authority
from tests.real.gate.gates import Bucket, Gate, bolt
from tests.real.plugin.servers import OLDER, Server, stopped_at_last

from dco_gate.errors import RefusedError, UnreachableError

Pair = tuple[Server, Server]
MakeGate = Callable[..., Gate]
# Two runs of these tests on one machine must not meet.
NETWORK = f"127.19.{20 + os.getpid() % 200}"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing: it makes the certificates")
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Pair]:
    """Two running servers, green a copy of blue; each has a `Here` with its own name."""
    home = tmp_path_factory.mktemp("pair")
    blue, green = (Server(home / name, f"{NETWORK}.{at}", OLDER) for at, name in ((1, "blue"), (2, "green")))
    for server in (blue, green):
        authority.secure(server)
    with stopped_at_last(blue, green):
        blue.start()
        blue.run("CREATE (:Here {name: 'blue'})")
        blue.stop()
        shutil.copytree(blue.home / "data", green.home / "data")
        blue.start()
        green.start()
        green.run("MATCH (h:Here) SET h.name = 'green'")
        yield blue, green


@pytest.fixture(scope="session")
def bucket() -> Iterator[Bucket]:
    patch = pytest.MonkeyPatch()
    patch.setenv("NO_PROXY", "*")
    made = Bucket(f"{NETWORK}.3")
    yield made
    made.stop()
    patch.undo()


@pytest.fixture
def make_gate(pair: Pair, bucket: Bucket, tmp_path: Path) -> Iterator[MakeGate]:
    """Make a gate in front of the pair, not yet started; stop it at the end. Each has a record of its own."""
    made: list[Gate] = []
    empty(bucket)

    def making(name: str = "gate", **settings: str) -> Gate:
        servers = {"blue": bolt(pair[0]), "green": bolt(pair[1])}
        made.append(Gate(tmp_path / name, f"{NETWORK}.{10 + len(made)}", servers, bucket, **settings))
        return made[-1]

    try:
        yield making
    finally:
        for gate in made:
            gate.leave_none()


@pytest.fixture
def gate(make_gate: MakeGate) -> Gate:
    made = make_gate()
    made.start()
    return made


def empty(bucket: Bucket) -> None:
    """Forget all decisions."""
    for stored in bucket.s3.list_objects_v2(Bucket="decisions").get("Contents", []):
        bucket.s3.delete_object(Bucket="decisions", Key=stored["Key"])


@pytest.fixture
def held(gate: Gate) -> Iterator[Gate]:
    """A gate that holds the switch `s` for a long time."""
    gate.control.hold("ledger", "s", gate.candidates, time_box_seconds=120)
    yield gate
    with contextlib.suppress(RefusedError, UnreachableError):
        gate.control.give_up("ledger", "s")
