"""Of what kinds parameters were is sampled, never what they were."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j._codec.packstream._common import PackableBuffer
from neo4j._codec.packstream.v1 import Packer

from dco_gate import shapes
from dco_gate.bolt import LARGEST_CHUNK, NOOP
from dco_gate.samples import MOST_SHAPES, Samples
from dco_gate.shapes import Shape

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def run(parameters: dict[str, Any]) -> bytes:
    """Write a RUN as the official driver does."""
    buffer = PackableBuffer()
    Packer(buffer).pack_struct(b"\x10", ("RETURN 1", parameters, {"mode": "r"}))
    body = bytes(buffer.data[: len(buffer.data)])
    parts = [body[at : at + LARGEST_CHUNK] for at in range(0, len(body), LARGEST_CHUNK)]
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts) + NOOP


def expected(value: Any, *, deeper: bool = True) -> Shape:
    """Say what a value's shape must be."""
    kinds = {bool: "boolean", int: "integer", float: "float", dict: "map", type(None): "null"}
    if type(value) in kinds:
        return Shape(kinds[type(value)])
    if isinstance(value, list):
        inner = expected(value[0], deeper=False) if value and deeper else None
        return Shape("list", shapes.rounded(len(value)), inner)
    if isinstance(value, str):
        return Shape("string", shapes.rounded(len(value.encode())))
    return Shape("bytes", shapes.rounded(len(value)))


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=6))
def test_every_parameter_has_its_kind_and_size(parameters: dict[str, Any]) -> None:
    found = shapes.of_run(run(parameters))
    assert found == tuple(sorted((name, expected(value)) for name, value in parameters.items()))


@given(st.binary(max_size=80))
def test_whatever_the_bytes_are_there_are_shapes_or_none(garbage: bytes) -> None:
    head = b"\xb3\x10\x81x"
    shapes.of_run((len(head + garbage)).to_bytes(2, "big") + head + garbage + NOOP)


def test_a_name_that_comes_twice_disturbs_nobody() -> None:
    # no driver sends it, but whoever does must not end its session by an error of ours
    body = b"\xb3\x10\x81x\xa2\x81a\x01\x81a\x81y\xa0"
    assert shapes.of_run(len(body).to_bytes(2, "big") + body + NOOP) == (("a", Shape("string", 1)),)


@pytest.mark.parametrize(("size", "told"), [(0, 0), (1, 1), (2, 10), (10, 10), (11, 100), (60, 100), (1001, 10_000)])
def test_sizes_are_rounded_as_a_server_does(size: int, told: int) -> None:
    assert shapes.rounded(size) == told


def test_the_most_frequent_shapes_of_a_text_come_first_and_few_are_kept() -> None:
    samples = Samples()
    for number in range(3 * MOST_SHAPES):
        samples.note(b"RETURN $a", run({"a": "x" * 10 ** (number % 4)}), writes=False)
        samples.note(b"RETURN $b", run({f"b{number}": 1}), writes=False)
    for _ in range(40):
        samples.note(b"RETURN $a", run({"a": 1.5}), writes=False)
    a, b = samples.all()
    assert a.shapes[0] == {"a": Shape("string", 1)}
    assert {"a": Shape("float")} in a.shapes, "what came late is looked at now and then"
    assert len(b.shapes) == MOST_SHAPES
