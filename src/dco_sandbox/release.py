"""Changes to commit into a world's repository, for demonstrations and tests: good ones, bad ones, none at all.

Each is a small edit of the sample as a developer would make it; the text that an edit looks for must be there,
so that a sample that has moved on is noticed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dco_sandbox.repository import commit
from dco_sandbox.world import World, WorldError

_VERSION = re.compile(r'VERSION = "(\d+)\.(\d+)\.(\d+)"')
_ENTRY = Path("app/__main__.py")
_START = "    return serve(settings)\n"
_DAYS = (30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""For how long CloudWatch may keep logs: longer each time, since keeping them for a shorter time loses some."""


@dataclass(frozen=True)
class Release:
    """A kind of change: what it does to a person's eyes, and its edit of the repository."""

    says: str
    edit: Callable[[Path], None]


def commit_release(world: World, kind: str) -> str:
    """Make a change of a kind in the world's repository, commit it and return the commit's id."""
    release = KINDS[kind]
    release.edit(world.repo)
    return commit(world.repo, release.says)


def _raise_version(repository: Path) -> None:
    def next_patch(found: re.Match[str]) -> str:
        return f'VERSION = "{found[1]}.{found[2]}.{int(found[3]) + 1}"'

    path = repository / "app" / "__init__.py"
    text, count = _VERSION.subn(next_patch, path.read_text())
    if not count:
        raise WorldError(f"{path} has no VERSION", "look whether the sample has changed")
    path.write_text(text)


def _tag_stack(repository: Path) -> None:
    """Change a value of the stack that replaces nothing."""
    path = repository / "infra" / "production.tfvars"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("log_retention_days")]
    before = re.search(r"^log_retention_days\s*=\s*(\d+)", path.read_text(), re.MULTILINE)
    days = next((more for more in _DAYS if before and more > int(before[1])), _DAYS[0])
    path.write_text("\n".join([*lines, f"log_retention_days = {days}"]) + "\n")


def _write_documentation(repository: Path) -> None:
    with (repository / "NOTES.md").open("a") as file:
        file.write("\nNothing that runs is described here.\n")


def _before_serving(lines: str) -> Callable[[Path], None]:
    """Return an edit that puts lines in front of the API's start."""

    def edit(repository: Path) -> None:
        _raise_version(repository)
        _replace(repository / _ENTRY, _START, lines + _START)

    return edit


def _never_healthy(repository: Path) -> None:
    _raise_version(repository)
    _replace(repository / "app" / "api.py", "200 if well else 503", "503")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if text.count(old) != 1:
        raise WorldError(f"{path} does not have {old.strip()!r} once", "undo an earlier bad release first: git revert")
    path.write_text(text.replace(old, new))


KINDS = {
    "good": Release("Raise the API's version", _raise_version),
    "stack": Release("Keep logs for another while", _tag_stack),
    "docs": Release("Write something down", _write_documentation),
    "exits-at-once": Release(
        "Refuse to start", _before_serving('    print("Error: cannot go on", file=sys.stderr)\n    return 3\n')
    ),
    "never-healthy": Release("Find fault with everything", _never_healthy),
    "dies-later": Release(
        "Leave after a while",
        _before_serving("    import threading\n\n    threading.Timer(20, lambda: os._exit(9)).start()\n"),
    ),
    "slow-start": Release("Think before starting", _before_serving("    import time\n\n    time.sleep(8)\n")),
}
