"""`dco` and `dco-stream` are two processes: what one writes the other reads, and errors come through whole."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from dco.model import backup
from dco.model.comparison import Wish
from dco.model.databases import Database
from dco.model.environment import Aws, CommandOffering, Environment, State
from dco.model.errors import ConfigurationError, PersonNeeded, Refused
from dco.providers.stream import StreamCommand, configuration
from dco_stream import config
from dco_stream.compare.reading import Subject
from dco_stream.compare.verdict import Compared, Difference, Gap, Verdict
from dco_stream.listing import Listing
from dco_stream.moments import Range
from dco_stream.offering import Offered
from dco_stream.verification import Harm, Verified

KEPT = Database(
    uri_parameter="/u", secret="credcoin/production/ledger", slot="/s",
    plugin_secret="credcoin/production/ledger-plugin", servers_parameter="/credcoin/production/ledger/servers",
    invariants={"balanced": 'MATCH (n) WHERE n.name = "a\\b" RETURN true'},
)  # fmt: skip
ENVIRONMENT = Environment(
    name="production", aws=Aws(region="eu-central-1"), state=State(bucket="own"),
    offering=CommandOffering(command=["true"]),
    databases={"ledger": KEPT, "search": Database(uri_parameter="/u", secret="x", slot="/s")},
)  # fmt: skip


def command(directory: Path, script: str = "") -> StreamCommand:
    """The stream's command, with a `dco_stream` in front of the real one if there is a script."""
    if script:
        (directory / "dco_stream.py").write_text(script)
    return StreamCommand(ENVIRONMENT, directory / "own", lambda: {"PYTHONPATH": str(directory)})


def test_the_stream_reads_what_dco_writes() -> None:
    read = config.parse(configuration(ENVIRONMENT), "stream.toml")
    assert list(read.databases) == ["ledger"]
    one = read.databases["ledger"]
    assert (one.servers, one.login, one.key) == (
        f"ssm:{KEPT.servers_parameter}", f"secret:{KEPT.secret}", f"secret:{KEPT.plugin_secret}",
    )  # fmt: skip
    assert one.invariants == KEPT.invariants
    assert (read.bucket.name, read.bucket.prefix, read.bucket.region) == ("own", "stream/", "eu-central-1")


def test_dco_reads_what_the_stream_answers() -> None:
    harm = Harm("k", "gone")
    listing = Listing(database="l", copies=(), ranges=(Range(1, 2),), holes=(), unfinished=(), broken=())
    verified = Verified(database="l", at="t", since=None, objects=1, bytes=2, seconds=3, harm=(harm,), broken_off=(),
                        ranges=(Range(1, 2),), holes=(Range(2, 3),))  # fmt: skip
    made = Offered(database="l", at="t", base="b", into="/d", neo4j="5", log_bytes={}, checked=("neo4j",),
                   compared=("neo4j",), invariants=(), fenced=True, seconds=1)  # fmt: skip
    assert msgspec.convert(msgspec.to_builtins(listing), backup.Listing).ranges == (backup.Window(1, 2),)
    assert not msgspec.convert(msgspec.to_builtins(verified), backup.Verified).sound
    assert msgspec.convert(msgspec.to_builtins(made), backup.Restored).compared == ("neo4j",)


@pytest.mark.parametrize(("code", "kind"), [(2, ConfigurationError), (4, Refused), (6, PersonNeeded)])
def test_an_error_comes_through_whole(tmp_path: Path, code: int, kind: type[Exception]) -> None:
    told = "12 MB\\nError: it is gone\\nTry:   `dco-stream list` tells\\n"
    script = f"import sys; sys.stderr.write('{told}'); sys.exit({code})"
    said: list[str] = []
    wish = backup.RestoreWish(database="ledger", at="latest", into="/x", neo4j="/y")
    with pytest.raises(kind) as error:
        command(tmp_path, script).restore(wish, said.append)
    assert error.value.args == ("it is gone", "`dco backup list` tells")
    assert said == ["12 MB"]


def test_a_verification_that_found_harm_is_an_answer(tmp_path: Path) -> None:
    script = (
        "import sys; print('{\"ledger\": {\"database\": \"ledger\", \"at\": \"t\", \"objects\": 1, \"bytes\": 1, "
        "\"seconds\": 1, \"harm\": [{\"key\": \"k\", \"why\": \"gone\"}]}}'); sys.exit(6)"
    )  # fmt: skip
    assert not command(tmp_path, script).verify("ledger", None, 1, print).sound


@pytest.mark.parametrize(("name", "said"), [("ledgr", "dco.toml has no"), ("search", "no stream keeps search")])
def test_a_database_without_a_stream_is_refused_with_what_to_set(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as error:
        command(tmp_path).listing(name)
    assert error.value.remedy


def test_a_comparison_that_found_differences_is_an_answer(tmp_path: Path) -> None:
    side = Compared(name="a", uri="bolt://a", database="neo4j", version="5", transaction=7, fenced=None,
                    method="bolt", nodes=1, relationships=0)  # fmt: skip
    now = datetime(2026, 11, 26, tzinfo=UTC)
    verdict = Verdict(equal=False, transaction=7, compared_at=now, expires_at=now, a=side, b=side,
                      gaps=(Gap(Subject("node", "P"), 1, 0),), differences=(Difference(kind="node", a="()", b=None),),
                      doubles=0, rounds=0, settled=True, invariants=(), salt="", seconds=1)  # fmt: skip
    (tmp_path / "answer").write_bytes(msgspec.json.encode(verdict))
    script = f"import sys; print(open({str(tmp_path / 'answer')!r}).read()); sys.exit(6)"
    found = command(tmp_path, script).compare(Wish(a="ledger", b="ledger:follower"), print)
    assert not found.good
    assert [str(one) for one in (*(gap.subject for gap in found.gaps), *found.differences)] == [
        "node :P", "node only in A: ()",
    ]  # fmt: skip
    with pytest.raises(ConfigurationError, match=r"dco.toml has no \[databases.ledgr\]"):
        command(tmp_path, script).compare(Wish(a="ledgr", b="ledger"), print)
