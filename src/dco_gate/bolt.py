"""The words of Bolt that the gate understands: message tags, and the few answers that it gives itself."""

from typing import Final

from dco_gate import packstream

HELLO: Final = 0x01
GOODBYE: Final = 0x02
RESET: Final = 0x0F
RUN: Final = 0x10
BEGIN: Final = 0x11
COMMIT: Final = 0x12
ROLLBACK: Final = 0x13
DISCARD: Final = 0x2F
PULL: Final = 0x3F
ROUTE: Final = 0x66
LOGON: Final = 0x6A
LOGOFF: Final = 0x6B

SUCCESS: Final = 0x70
RECORD: Final = 0x71
IGNORED: Final = 0x7E
FAILURE: Final = 0x7F

NOOP: Final = b"\0\0"
FENCED: Final = b"Neo.TransientError.Transaction.LeaseExpired"
"""What the fence of a server answers to a write."""
LARGEST_CHUNK = 0xFFFF

Version = tuple[int, int]


def message(tag: int, *fields: packstream.Value) -> bytes:
    """Write a whole message in chunks."""
    body = bytes([0xB0 + len(fields), tag]) + b"".join(packstream.pack(field) for field in fields)
    parts = [body[start : start + LARGEST_CHUNK] for start in range(0, len(body), LARGEST_CHUNK)]
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts) + NOOP


def failure(code: str, sentence: str) -> bytes:
    """Write a FAILURE as Bolt 5.0 to 5.6 and Bolt 4 know it."""
    return message(FAILURE, {"code": code, "message": sentence})


def body(raw: bytes) -> bytes:
    """Join a message's chunks."""
    size = int.from_bytes(raw[:2], "big")
    if size + 4 == len(raw):
        return raw[2:-2]
    parts: list[bytes] = []
    at = 0
    while at + 2 <= len(raw):
        size = int.from_bytes(raw[at : at + 2], "big")
        parts.append(raw[at + 2 : at + 2 + size])
        at += 2 + size
    return b"".join(parts)


READ_MODE: Final = b"\x84mode\x81r"
LONGEST_START: Final = 65_536


def writes(tag: int, raw: bytes) -> bool:
    """Whether a BEGIN or RUN asks for more than reading. What can't be read, or is very long, counts as writing."""
    if len(raw) > LONGEST_START:
        return True
    content = body(raw)
    if READ_MODE not in content:
        return True
    try:
        at = 2
        if tag == RUN:
            at = packstream.skip(content, packstream.skip(content, at))
        return not any(
            key == b"mode" and content[place : place + 2] == b"\x81r" for key, place in packstream.entries(content, at)
        )
    except packstream.UnreadableError:
        return True


def query(raw: bytes) -> bytes | None:
    """Give the text of a RUN, never its parameters; None if it can't be read."""
    try:
        return packstream.string(body(raw), 2)[0]
    except packstream.UnreadableError:
        return None


def has_more(content: bytes) -> bool:
    """Whether a summary says that the stream goes on."""
    return b"\x88has_more\xc3" in content


def with_route(content: bytes, address: str) -> bytes | None:
    """Rewrite a server's answer to ROUTE so that it names one address for everything; None if it can't be read."""
    try:
        table = dict(packstream.entries(content, 2))
        fields = dict(packstream.entries(content, table[b"rt"]))
        ttl = packstream.integer(content, fields[b"ttl"])
        route: dict[str, packstream.Value] = {"ttl": ttl}
        if b"db" in fields:
            route["db"] = packstream.string(content, fields[b"db"])[0].decode()
    except (packstream.UnreadableError, KeyError, UnicodeDecodeError):
        return None
    route["servers"] = [{"addresses": [address], "role": role} for role in ("WRITE", "READ", "ROUTE")]
    return message(SUCCESS, {"rt": route})
