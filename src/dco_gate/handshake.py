"""Agreeing upon a version of Bolt: with clients in both forms of the handshake, with servers in the plain one."""

from collections.abc import Iterable
from typing import NamedTuple

from dco_gate.bolt import Version

MAGIC = b"\x60\x60\xb0\x17"
OFFER_BYTES = 20
MANIFEST = b"\0\0\1\xff"
NONE = bytes(4)
MAJORS = (5, 6)
"""What the gate understands; within a major version, a message that it does not know has one answer like any other."""
NEVER_RELEASED = (5, 5)
"""Neo4j lists it among others, and then refuses it."""
REFUSED_MAJOR = 4
"""What the gate speaks just well enough to say that it does not."""


class Range(NamedTuple):
    """Versions that somebody speaks: one major, and minors from `low` to `high`."""

    major: int
    low: int
    high: int

    def has(self, version: Version) -> bool:
        """Whether a version is one of these."""
        return version[0] == self.major and self.low <= version[1] <= self.high


def offers(raw: bytes) -> tuple[Range, ...]:
    """Read a client's four offers, best first; empty slots and the manifest are left out."""
    slots = [raw[at : at + 4] for at in range(4, OFFER_BYTES, 4)]
    return tuple(parse(slot) for slot in slots if slot not in (NONE, MANIFEST))


def wants_manifest(raw: bytes) -> bool:
    """Whether a client asks for a list of versions to choose from."""
    return any(raw[at : at + 4] == MANIFEST for at in range(4, OFFER_BYTES, 4))


def parse(slot: bytes) -> Range:
    """Read an offer: a zero, how many minors below are meant too, the minor, the major."""
    return Range(slot[3], max(0, slot[2] - slot[1]), slot[2])


def choose(wanted: Iterable[Range], spoken: Iterable[Version]) -> Version | None:
    """Give the newest version of the first offer that has one."""
    known = list(spoken)
    for offer in wanted:
        fitting = [version for version in known if offer.has(version)]
        if fitting:
            return max(fitting)
    return None


def encode(version: Version) -> bytes:
    """Write one version."""
    return bytes([0, 0, version[1], version[0]])


def proposal(*versions: Version) -> bytes:
    """Write the plain form, with up to four versions of which a server picks one."""
    return MAGIC + b"".join(encode(version) for version in versions).ljust(16, b"\0")


def manifest(spoken: Iterable[Version]) -> bytes:
    """Write the list that a client may choose from; capabilities are none."""
    ranges: list[Range] = []
    for version in sorted(spoken, reverse=True):
        if ranges and ranges[-1].major == version[0] and ranges[-1].low == version[1] + 1:
            ranges[-1] = ranges[-1]._replace(low=version[1])
        else:
            ranges.append(Range(version[0], version[1], version[1]))
    listed = b"".join(bytes([0, one.high - one.low, one.high, one.major]) for one in ranges)
    return MANIFEST + bytes([len(ranges)]) + listed + b"\0"


def read_manifest(raw: bytes) -> tuple[Range, ...] | None:
    """Read a server's list, without what it says about capabilities; None while it is not complete."""
    if len(raw) <= len(MANIFEST) or len(raw) < 6 + 4 * raw[4]:
        return None
    return tuple(parse(raw[at : at + 4]) for at in range(5, 5 + 4 * raw[4], 4))


def understood(ranges: Iterable[Range]) -> frozenset[Version]:
    """Give the single versions of ranges that the gate understands."""
    listed = {(one.major, minor) for one in ranges if one.major in MAJORS for minor in range(one.low, one.high + 1)}
    return frozenset(listed - {NEVER_RELEASED})
