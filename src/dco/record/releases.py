"""The release record in the bucket: the present one, and every one before."""

import msgspec

from dco.model.canonical import canonical
from dco.model.release import Release
from dco.seams.objects import Objects

CURRENT = "release.json"


def read(objects: Objects) -> Release | None:
    """Return what was last released, None before `adopt`."""
    body = objects.get(CURRENT)
    return None if body is None else msgspec.json.decode(body, type=Release)


def write(objects: Objects, release: Release) -> None:
    """Make a release the present one and keep it in the history under its night."""
    objects.put(f"releases/{release.night}.json", canonical(release))
    objects.put(CURRENT, canonical(release))


def of_night(objects: Objects, night: str) -> Release | None:
    """Return the release that a night recorded, if it did."""
    body = objects.get(f"releases/{night}.json")
    return None if body is None else msgspec.json.decode(body, type=Release)


def nights(objects: Objects) -> tuple[str, ...]:
    """Return the nights that recorded a release, the oldest first."""
    return tuple(key.removeprefix("releases/").removesuffix(".json") for key in objects.list("releases/"))
