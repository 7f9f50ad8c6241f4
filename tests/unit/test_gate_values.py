"""Settings, state, proofs and samples of the gate."""

import os
from pathlib import Path

import pytest

from dco_gate import example, settings, signing, state
from dco_gate.errors import ConfigurationError, ForbiddenError
from dco_gate.identity import Identity
from dco_gate.samples import MOST, Samples
from dco_gate.state import Candidates, Hold, State

KEY = bytes(range(32))


def test_the_example_is_the_schema(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    text = example.text()
    file.write_text(text)
    assert settings.read(file).databases["ledger"].serves == "blue"
    file.write_text("\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines()))
    assert settings.read(file).drain_seconds == 30


@pytest.mark.parametrize(
    ("line", "what", "remedy"),
    [
        ("drain_secs = 3", "there is no key drain_secs", "'drain_seconds'"),
        ("[databases.ledger]\nadvertize = 1", "there is no key databases.ledger.advertize", "'advertised'"),
        ("[record]\nbuckets = 'x'", "there is no key record.buckets", "'bucket'"),
        ("drain_seconds = 'long'", "drain_seconds", "docs/gate.md"),
        ("[databases.ledger]\nlisten = 'nowhere'", "'nowhere' is no address", "10.0.1.5:7687"),
        ("[databases.ledger.servers]\nblue = 'http://x'", "'http://x' is no address", "bolt+s://"),
        ("[databases.ledger]\nserves = 'green'", "has no 'green'", "name that server"),
        ("nonsense", "is no TOML", "mend"),
    ],
)
def test_what_is_wrong_is_named_with_a_way_out(tmp_path: Path, line: str, what: str, remedy: str) -> None:
    whole = {
        "": "state_directory = 's'",
        "[record]": "bucket = 'b'",
        "[control]": "listen = '127.0.0.1:1'\nkey_file = 'k'",
        "[databases.ledger]": "listen = '127.0.0.1:2'\nadvertised = 'x:2'",
        "[databases.ledger.servers]": "blue = 'bolt://127.0.0.1:3'",
    }
    head, _, rest = line.rpartition("\n")
    key = rest.split(" = ")[0]
    whole[head] = "\n".join([one for one in whole[head].split("\n") if not one.startswith(key)] + [rest])
    file = tmp_path / "gate.toml"
    file.write_text("\n".join(f"{one}\n{text}" for one, text in whole.items()))
    with pytest.raises(ConfigurationError) as refused:
        settings.read(file)
    assert what in refused.value.what
    assert remedy in refused.value.remedy


def test_a_state_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state.read(tmp_path, "ledger") is None
    hold = Hold(switch="s", candidates={"ledger": Candidates("bolt://a:1", "bolt://b:1")}, until=5.0)
    before = State(serving="bolt://a:1", hold=hold, versions=((5, 8),))
    state.write(tmp_path, "ledger", before)
    assert state.read(tmp_path, "ledger") == before

    def full(descriptor: int) -> None:
        raise OSError(28, f"No space left on {descriptor}")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        state.write(tmp_path, "ledger", State(serving="bolt://b:1"))
    assert state.read(tmp_path, "ledger") == before


def test_a_state_that_is_damaged_is_never_taken_for_a_first_start(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text('{"serving": "bolt')
    with pytest.raises(ConfigurationError, match="can't be read"):
        state.read(tmp_path, "ledger")


def test_a_proof_is_for_one_call_of_one_gate_once_and_not_for_long() -> None:
    now = 1_000.0
    access = signing.Access(KEY, lambda: now)
    proof = signing.prove(KEY, access.identity, "POST /hold", b"{}", now)
    for call, body in (("POST /move", b"{}"), ("POST /hold", b"{ }")):
        with pytest.raises(ForbiddenError, match="does not fit"):
            access.check(proof, call, body)
    with pytest.raises(ForbiddenError, match="does not fit"):
        signing.Access(KEY, lambda: now).check(proof, "POST /hold", b"{}")
    with pytest.raises(ForbiddenError, match="does not fit"):
        signing.Access(bytes(32), lambda: now).check(proof, "POST /hold", b"{}")
    access.check(proof, "POST /hold", b"{}")
    with pytest.raises(ForbiddenError, match="used before"):
        access.check(proof, "POST /hold", b"{}")
    late = signing.prove(KEY, access.identity, "POST /hold", b"{}", now - 60)
    with pytest.raises(ForbiddenError, match="expired"):
        access.check(late, "POST /hold", b"{}")
    for nonsense in ("", "Bearer x", "DCO-GATE a b c", "DCO-GATE a 1"):
        with pytest.raises(ForbiddenError, match="needs a proof"):
            access.check(nonsense, "POST /hold", b"{}")


def test_a_key_that_others_can_read_is_no_key(tmp_path: Path) -> None:
    file = tmp_path / "gate.key"
    file.write_text(KEY.hex())
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="others can read"):
        signing.read_key(file)
    file.chmod(0o600)
    assert signing.read_key(file) == KEY
    file.write_text("short")
    with pytest.raises(ConfigurationError, match="holds no key"):
        signing.read_key(file)


def test_samples_are_bounded_and_the_most_frequent_come_first() -> None:
    samples = Samples()
    for number in range(MOST + 50):
        samples.note(b"RETURN %d" % number, b"", writes=False)
        samples.note(b"CREATE (n)", b"", writes=True)
    samples.note(b"x" * 100_000, b"", writes=False)
    samples.note(None, b"", writes=False)
    assert len(samples.all()) == MOST
    assert samples.all()[0].text == "CREATE (n)"
    assert samples.all()[0].writes


def test_credentials_are_not_shown() -> None:
    identity = Identity()
    identity.asked(0x6A, b"the password")
    identity.answered(0x6A, succeeded=True)
    assert identity.requests == (b"the password",)
    assert "password" not in repr(identity)
