"""Proofs for the plugin: what is signed, byte by byte, and keys that are none."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco_plugin import signing

ARGUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary(), st.lists, max_leaves=8
)


def kinds(value: Any) -> Any:
    """A value with its types, since 1 == True."""
    return [kinds(item) for item in value] if isinstance(value, list) else (type(value), value)


@given(ARGUMENTS, ARGUMENTS)
def test_different_arguments_have_different_bytes(one: Any, other: Any) -> None:
    assert (signing.canonical(one) == signing.canonical(other)) == (kinds(one) == kinds(other))


@given(st.lists(ARGUMENTS), st.lists(ARGUMENTS))
def test_arguments_can_not_be_moved_from_one_place_to_another(one: list[Any], other: list[Any]) -> None:
    together = signing.canonical([one, other])
    assert together == b"l\0\0\0\2" + signing.canonical(one) + signing.canonical(other)


def test_the_bytes_are_those_that_the_plugin_writes() -> None:
    written = signing.canonical(["dco", -1, True, False, None, b"\0", ["é"]])
    assert written == bytes.fromhex(
        "6c00000007 7300000003 64636f 69ffffffffffffffff 74 66 6e 6200000001 00 6c00000001 7300000002 c3a9"
    )


@pytest.mark.parametrize("value", [1.5, {"a": 1}, {1}, object()])
def test_what_has_no_bytes_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        signing.canonical([value])


def test_every_part_of_a_call_is_signed() -> None:
    call: dict[str, Any] = {"server": "s", "procedure": "p", "arguments": [1], "nonce": "n", "expires": 5}
    changes: list[dict[str, Any]] = [
        {},
        {"server": "t"},
        {"procedure": "q"},
        {"arguments": [2]},
        {"nonce": "m"},
        {"expires": 6},
        {"key": bytes(31) + b"\1"},
    ]
    calls: list[dict[str, Any]] = [{"key": bytes(32), **call, **change} for change in changes]
    proofs = [signing.prove(**each) for each in calls]
    assert len({proof.mac for proof in proofs}) == len(changes)


def test_the_first_line_of_a_key_file_is_the_newest_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("ab" * 32 + "\n" + "cd" * 32 + "\n")
    assert signing.read_key(path) == bytes.fromhex("ab" * 32)


@pytest.mark.parametrize("content", ["", "\n", "ab" * 31, "a word", "zz" * 32])
def test_a_file_without_a_key_says_what_one_looks_like(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    with pytest.raises(signing.BadKeyError, match="64 hexadecimal digits") as refused:
        signing.read_key(path)
    assert not content.strip() or content not in str(refused.value)
