"""Fingerprints of a database as it stood at a transaction: where one is known, a restore to it must have the same.

DATABASE/fingerprints/LOG/PART/TRANSACTION.json
"""

import secrets
from datetime import UTC, datetime

import msgspec

from dco_stream.archive.archive import Archive
from dco_stream.compare import digests
from dco_stream.compare.by_plugin import PluginReader
from dco_stream.compare.connection import Connection
from dco_stream.compare.reading import ElementKind, Subject, Sum
from dco_stream.errors import Damaged, Refused
from dco_stream.pace import Pace
from dco_stream.restore import Choice
from dco_stream.state import iso

KINDS: tuple[ElementKind, ...] = ("node", "relationship")
SALT_BYTES = 16


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """The sums over all nodes and relationships at a transaction, under a salt (hexadecimal digits)."""

    transaction: int
    salt: str
    taken: str
    sums: tuple[tuple[Subject, Sum], ...]
    """In the order of their subjects."""
    elements: tuple[int, ...]
    buckets: tuple[bytes, ...]


def take(connection: Connection, share: float, salt: bytes | None = None) -> Fingerprint:
    """Sum up a database that rests, under a new salt if none is given. Raises `Refused` when it moves meanwhile."""
    salt = salt or secrets.token_bytes(SALT_BYTES)
    before = connection.stand().transaction
    sums: dict[Subject, Sum] = {}
    found = [_scan(connection, kind, salt, Pace(share), sums) for kind in KINDS]
    now = connection.stand().transaction
    if now != before:
        raise Refused(f"{connection.name} moved from transaction {before} to {now} while it was summed up",
                      "stop what writes to it, or fence it, and do it again")  # fmt: skip
    return Fingerprint(
        transaction=now,
        salt=salt.hex(),
        taken=iso(datetime.now(UTC)),
        sums=tuple(sorted(sums.items())),
        elements=tuple(count for count, _ in found),
        buckets=tuple(buckets for _, buckets in found),
    )


def keep(archive: Archive, log: str, part: str, fingerprint: Fingerprint) -> None:
    """Note a fingerprint of the server that wrote a log."""
    key = f"{_under(archive, log, part)}{fingerprint.transaction:020}.json"
    archive.bucket.put(key, msgspec.json.encode(fingerprint))


def known(archive: Archive, choice: Choice) -> dict[str, frozenset[int]]:
    """Say at which transactions fingerprints are known that a restore may end with, for each database that has any."""
    found: dict[str, frozenset[int]] = {}
    for name, part in choice.manifest.parts.items():
        keys = archive.bucket.keys(_under(archive, _log(part.series), name))
        numbers = (int(key.rpartition("/")[2].removesuffix(".json")) for key in keys)
        if fitting := frozenset(number for number in numbers if number >= part.transaction):
            found[name] = fitting
    return found


def demand_same(archive: Archive, choice: Choice, name: str, connection: Connection) -> None:
    """Raise `Damaged` when what was restored has not the fingerprint that is known of its transaction."""
    transaction = connection.stand().transaction
    key = f"{_under(archive, _log(choice.manifest.parts[name].series), name)}{transaction:020}.json"
    then = _read(archive, key)
    now = take(connection, 1, bytes.fromhex(then.salt))
    if (now.sums, now.elements, now.buckets) != (then.sums, then.elements, then.buckets):
        subjects = sorted({subject for subject, _ in set(now.sums) ^ set(then.sums)})
        said = ", ".join(" ".join(filter(None, msgspec.structs.astuple(one))) for one in subjects[:10])
        raise Damaged(f"{name} has not the fingerprint of transaction {transaction} as of {then.taken}: {said} differ",
                      "restore to another time, and look at `dco-stream verify`")  # fmt: skip


def _scan(
    connection: Connection, kind: ElementKind, salt: bytes, pace: Pace, sums: dict[Subject, Sum]
) -> tuple[int, bytes]:
    reader = PluginReader(connection, salt)
    elements, start, buckets = 0, 0, bytes(digests.BUCKETS * digests.BYTES)
    while start >= 0:
        with pace.work():
            page = reader.scan(kind, start, reader.page_elements, digests.NO_BUCKET)
        for subject, one in page.sums.items():
            sums[subject] = sums.get(subject, Sum()).plus(one)
        buckets = digests.add_buckets(buckets, page.buckets)
        elements, start = elements + page.elements, page.next
    return elements, buckets


def _read(archive: Archive, key: str) -> Fingerprint:
    content = archive.bucket.get(key)
    try:
        return msgspec.json.decode(content or b"", type=Fingerprint)
    except msgspec.MsgspecError as error:
        raise Damaged(f"{key} can't be read: {error}", "remove it: nothing can be compared with it") from None


def _under(archive: Archive, log: str, part: str) -> str:
    return archive.key("fingerprints", log, part, "")


def _log(series: str) -> str:
    return series.rpartition(".")[0]
