"""The environment's changelog: newest first, each night once."""

from dco.providers.memory import MemoryObjects
from dco.record import changelog
from dco.record.changelog import Deployed


def _deployed(night: str) -> Deployed:
    return Deployed(
        night=night,
        environment="production",
        at="2026-11-23T03:05:00.000Z",
        revision="0123456789abcdef",
        changes=("application:api is changed (a → b): a file\ndiffers",),
        agreed="approved by alice",
    )


def test_entries_stand_newest_first() -> None:
    objects = MemoryObjects()
    for night in ("20261122-030000", "20261123-030000"):
        changelog.add(objects, _deployed(night))
    text = changelog.read(objects)
    assert text.index("20261123-030000") < text.index("20261122-030000")
    assert text.startswith("# Changelog of production\n\n## 20261123-030000 · 0123456789ab\n\n- application:api")
    assert text.count("approved by alice.") == 2


def test_a_night_that_writes_twice_is_there_once() -> None:
    objects = MemoryObjects()
    for _ in range(2):
        changelog.add(objects, _deployed("20261123-030000"))
    assert changelog.read(objects).count("## 20261123-030000") == 1


def test_before_the_first_deployment_it_is_empty() -> None:
    assert changelog.read(MemoryObjects()) == ""
