"""Where messages begin and end, however the bytes arrive, and whatever they are."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from dco_gate import bolt, handshake, packstream
from dco_gate.framing import CONTINUED, LONGEST, MalformedError, RequestReader, SummaryReader

Messages = list[tuple[int, bytes]]
MESSAGES = st.lists(
    st.tuples(st.sampled_from([0x01, 0x10, 0x3F, 0x70, 0x71, 0x7F]), st.binary(max_size=40)), max_size=8
)
CUTS = st.lists(st.integers(1, 60), min_size=1, max_size=40)


def _stream(messages: Messages, chunk: int, noops: int) -> bytes:
    """Write messages in chunks of a size, with signs of life between them."""
    stream = b""
    for tag, rest in messages:
        content = bytes([0xB1, tag]) + rest
        parts = [content[at : at + chunk] for at in range(0, len(content), chunk)]
        stream += bolt.NOOP * noops + b"".join(len(part).to_bytes(2, "big") + part for part in parts) + bolt.NOOP
    return stream


def _pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    at = 0
    while at < len(stream):
        pieces.append(stream[at : at + cuts[len(pieces) % len(cuts)]])
        at += len(pieces[-1])
    return pieces


@given(MESSAGES, st.integers(2, 50), st.integers(0, 2), CUTS)
def test_requests_come_out_whole_however_they_arrive(
    messages: Messages, chunk: int, noops: int, cuts: list[int]
) -> None:
    reader = RequestReader()
    found = [piece for part in _pieces(_stream(messages, chunk, noops), cuts) for piece in reader.feed(part)]
    assert [(tag, bolt.body(raw)) for tag, raw in found] == [(tag, bytes([0xB1, tag]) + rest) for tag, rest in messages]


@given(MESSAGES, st.integers(2, 50), st.integers(0, 2), CUTS)
def test_summaries_are_found_among_records(messages: Messages, chunk: int, noops: int, cuts: list[int]) -> None:
    reader = SummaryReader()
    found = [one for part in _pieces(_stream(messages, chunk, noops), cuts) for one in reader.feed(part)]
    assert found == [(tag, bytes([0xB1, tag]) + rest) for tag, rest in messages if tag != bolt.RECORD]


def test_a_long_request_comes_in_pieces_that_are_the_request() -> None:
    stream = _stream([(bolt.RUN, bytes(5 * LONGEST)), (bolt.PULL, b"")], 60_000, 0)
    reader = RequestReader()
    found = [piece for part in _pieces(stream, [1_000, 70_000]) for piece in reader.feed(part)]
    assert b"".join(raw for _, raw in found) == stream
    assert [tag for tag, _ in found][:2] == [bolt.RUN, CONTINUED]
    assert found[-1][0] == bolt.PULL
    assert max(len(raw) for _, raw in found) < 2 * LONGEST


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_garbage_is_refused_or_waits_and_nothing_else(parts: list[bytes]) -> None:
    for reader in (RequestReader(), SummaryReader()):
        with contextlib.suppress(MalformedError):
            for part in parts:
                reader.feed(part)


@given(st.binary(max_size=300))
def test_no_bytes_break_what_looks_into_messages(garbage: bytes) -> None:
    for tag in (bolt.RUN, bolt.BEGIN):
        raw = bolt.message(tag)[:-2] + garbage
        assert bolt.writes(tag, raw) in {True, False}
        bolt.query(raw)
    bolt.has_more(garbage)
    bolt.with_route(garbage, "gate:7687")
    handshake.offers(garbage.ljust(20, b"\0"))
    handshake.read_manifest(garbage)
    with contextlib.suppress(packstream.UnreadableError):
        packstream.skip(garbage, 0)


def test_values_nested_deeper_than_python_could_go_are_skipped() -> None:
    deep = b"\x91" * 100_000 + b"\x01"
    assert packstream.skip(deep, 0) == len(deep)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=20), inner, max_size=20),
    max_leaves=20,
)


@given(VALUES, st.binary(max_size=5))
def test_what_is_packed_is_skipped_as_a_whole(value: packstream.Value, behind: bytes) -> None:
    packed = packstream.pack(value)
    assert packstream.skip(packed + behind, 0) == len(packed)


def _run(parameters: packstream.Value, extra: packstream.Value) -> bytes:
    return bolt.message(bolt.RUN, "RETURN 1", parameters, extra)


def test_only_what_says_that_it_reads_may_go_on_during_a_hold() -> None:
    assert not bolt.writes(bolt.RUN, _run({}, {"mode": "r"}))
    assert not bolt.writes(bolt.RUN, _run({"a": ["mode", {"mode": "w"}]}, {"db": "neo4j", "mode": "r"}))
    assert not bolt.writes(bolt.BEGIN, bolt.message(bolt.BEGIN, {"tx_timeout": 5, "mode": "r"}))
    assert bolt.writes(bolt.BEGIN, bolt.message(bolt.BEGIN, {}))
    assert bolt.writes(bolt.RUN, _run({"mode": "r"}, {})), "a parameter of that name says nothing"
    assert bolt.writes(bolt.RUN, _run({"mode": "r"}, {"mode": "w"}))
    assert bolt.writes(bolt.RUN, _run({"text": "x" * 100_000}, {"mode": "r"})), "not looked into when it is very long"
    assert bolt.query(_run({"secret": 1}, {})) == b"RETURN 1"


def test_the_answer_to_route_names_the_gate_alone() -> None:
    servers = [{"addresses": ["10.0.0.1:7687"], "role": "WRITE"}]
    content = bolt.body(bolt.message(bolt.SUCCESS, {"rt": {"servers": servers, "ttl": 300, "db": "neo4j"}}))
    answer = bolt.with_route(content, "gate:7687")
    assert answer is not None
    assert b"10.0.0.1" not in answer
    assert answer.count(b"gate:7687") == 3
    table = dict(packstream.entries(bolt.body(answer), 2))
    fields = dict(packstream.entries(bolt.body(answer), table[b"rt"]))
    assert packstream.integer(bolt.body(answer), fields[b"ttl"]) == 300
    assert packstream.string(bolt.body(answer), fields[b"db"])[0] == b"neo4j"
