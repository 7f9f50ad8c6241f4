"""Reads everything that is kept and compares it with what was written; says what can still be restored."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice

import msgspec

from dco_stream import listing, moments
from dco_stream.archive import segments
from dco_stream.archive.archive import Archive
from dco_stream.archive.bases import Manifest
from dco_stream.errors import Damaged
from dco_stream.moments import Range
from dco_stream.pace import Pace
from dco_stream.state import iso

READERS = 8
SAID_SECONDS = 2.0
Say = Callable[[str], None]


class Object(msgspec.Struct, frozen=True):
    """An object to be read: how many bytes it stands for, and what reads it or raises `Damaged`."""

    key: str
    size: int
    read: Callable[[], object]


class Harm(msgspec.Struct, frozen=True):
    """An object that is not as it was written, or gone."""

    key: str
    why: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification has found. Without harm, holes and broken logs all is as it should be."""

    database: str
    at: str
    since: str | None
    objects: int
    bytes: int
    seconds: float
    harm: tuple[Harm, ...]
    broken_off: tuple[str, ...]
    ranges: tuple[Range, ...]
    holes: tuple[Range, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged or missing."""
        return not (self.harm or self.broken_off)


def verify(archive: Archive, since: int | None, share: float, say: Say) -> Verified:
    """Read every manifest, pack and piece of the log that moments from `since` (ms) on need, and note the result.

    `share` of the time is spent reading. Raises `Refused` when nothing is kept, `Unreachable` when the bucket does
    not answer: then nothing is known.
    """
    began = time.monotonic()
    good, broken = archive.manifests()
    if not good and not broken:
        listing.demand_known(archive)
    wanted = _since(good, since)
    objects = list(_objects(archive, wanted))
    harm = [Harm(archive.key("bases", one.id, "manifest.json"), one.why) for one in broken]
    harm += _read_all(objects, share, say)
    damaged = frozenset(one.key for one in harm)
    whole = [one for one in wanted if not damaged & set(_packs(archive, one))]
    copies = listing.describe_all(whole, listing.Logs(archive, whole, damaged), archive.kept())
    ranges = moments.union(one.range for one in copies if one.range)
    verified = Verified(
        database=archive.database,
        at=iso(datetime.now(UTC)),
        since=iso(datetime.fromtimestamp(since / 1000, UTC)) if since is not None else None,
        objects=len(objects),
        bytes=sum(one.size for one in objects),
        seconds=round(time.monotonic() - began, 1),
        harm=tuple(harm),
        broken_off=tuple(sorted({sentence for one in copies for sentence in one.breaks})),
        ranges=ranges,
        holes=moments.holes(ranges),
    )
    archive.bucket.put(archive.key("verified.json"), msgspec.json.encode(verified))
    return verified


def last(archive: Archive) -> Verified | None:
    """Give what the last verification found; None when there was none. Raises `Damaged`."""
    key = archive.key("verified.json")
    content = archive.bucket.get(key)
    try:
        return None if content is None else msgspec.json.decode(content, type=Verified)
    except msgspec.MsgspecError as error:
        raise Damaged(f"{key} can't be read: {error}", "verify anew: `dco-stream verify`") from None


def _since(manifests: list[Manifest], since: int | None) -> list[Manifest]:
    """Choose the copies from which every moment from one on is restored."""
    if since is None:
        return manifests
    before = [one for one in manifests if one.begin <= since]
    return before[-1:] + [one for one in manifests if one.begin > since]


def _packs(archive: Archive, manifest: Manifest) -> Iterator[str]:
    for name, part in manifest.parts.items():
        yield from (archive.key("bases", manifest.id, name, pack.name) for pack in part.packs)


def _objects(archive: Archive, manifests: list[Manifest]) -> Iterator[Object]:
    for manifest in manifests:
        for name, part in manifest.parts.items():
            for pack in part.packs:
                key = archive.key("bases", manifest.id, name, pack.name)

                def read(key: str = key, sha256: str = pack.sha256, length: int = pack.length) -> object:
                    return segments.unpack(archive.bucket.demand(key, sha256), length, key)

                yield Object(key, pack.stored, read)
    for series, name, piece in listing.Logs(archive, manifests).all():
        yield Object(
            archive.segment_key(series, name, piece),
            piece.end - piece.offset,
            lambda series=series, name=name, piece=piece: archive.segment(series, name, piece),
        )


def _read_all(objects: list[Object], share: float, say: Say) -> list[Harm]:
    """Read objects, some at a time, and tell the harm; `share` of the time each reader reads."""

    def one(wanted: Object) -> Harm | None:
        with Pace(share).work():
            try:
                wanted.read()
            except Damaged as damaged:
                return Harm(wanted.key, damaged.what)
        return None

    harm: list[Harm] = []
    said = time.monotonic()
    left = iter(objects)
    done = size = 0
    with ThreadPoolExecutor(READERS) as pool:
        while some := list(islice(left, READERS * 4)):
            harm += [found for found in pool.map(one, some) if found]
            done, size = done + len(some), size + sum(item.size for item in some)
            if time.monotonic() - said > SAID_SECONDS:
                said = time.monotonic()
                say(f"read {done} of {len(objects)} objects, {size / 2**20:.0f} MB")
    return harm
