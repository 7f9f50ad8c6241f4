"""The rooms follow one another, so that the servers of one are not started between the tests of another."""

from pathlib import Path

import pytest

ROOMS = (
    "unit",
    "flow",
    "real",
    "real/plugin",
    "real/gate",
    "real/compare",
    "real/stream",
    "real/switch",
    "real/sandbox_live",
    "real/nights",
    "crash",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by room; within a room the order stays random."""
    items.sort(key=lambda item: _room(item.path))


def _room(path: Path) -> int:
    place = path.parent.relative_to(Path(__file__).parent).as_posix()
    return ROOMS.index(place) if place in ROOMS else len(ROOMS)
