"""Which version a client gets."""

import pytest

from dco_gate import handshake
from dco_gate.handshake import Range

OLDER = handshake.understood([Range(4, 2, 4), Range(5, 0, 8)])
NEWER = handshake.understood([Range(4, 2, 4), Range(5, 0, 8), Range(6, 0, 1)])


def test_a_version_that_servers_list_and_refuse_is_not_offered() -> None:
    assert (5, 5) not in OLDER
    assert {version[0] for version in NEWER} == {5, 6}


@pytest.mark.parametrize(
    ("offer", "version"),
    [
        ("00080805 00020404 00000000 00000000", (5, 8)),
        ("00000405 00080805 00000000 00000000", (5, 4)),
        ("00000006 00080805 00000000 00000000", (5, 8)),
        ("00000505 00000104 00000000 00000000", None),
        ("00020404 00000003 00000000 00000000", None),
    ],
)
def test_the_first_offer_that_fits_wins_with_its_newest(offer: str, version: tuple[int, int] | None) -> None:
    raw = handshake.MAGIC + bytes.fromhex(offer)
    assert handshake.choose(handshake.offers(raw), OLDER) == version
    assert not handshake.wants_manifest(raw)


def test_the_list_that_a_client_chooses_from_can_be_read_again() -> None:
    listed = handshake.manifest(NEWER)
    ranges = handshake.read_manifest(listed)
    assert ranges is not None
    assert handshake.understood(ranges) == NEWER
    assert [handshake.read_manifest(listed[:size]) for size in range(len(listed))] == [None] * len(listed)


def test_only_what_both_servers_speak_is_left_when_versions_are_narrowed() -> None:
    ranges = handshake.read_manifest(handshake.manifest(NEWER & OLDER))
    assert ranges == (Range(5, 6, 8), Range(5, 0, 4))
