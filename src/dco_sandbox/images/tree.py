"""A file tree as a value: image path → where its bytes are. Stages of a build are trees; so is an image."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FIXED_TIME = 315_532_800  # 1980-01-01: a file's age is no part of an image


@dataclass(frozen=True)
class Entry:
    """One file of an image. `shared` sources are never written again, so they may be linked."""

    source: Path
    executable: bool
    digest: str
    size: int
    shared: bool = False


Tree = Mapping[str, Entry]


def entry(source: Path) -> Entry:
    """Read a file of a build context into an entry."""
    content = source.read_bytes()
    executable = os.access(source, os.X_OK)
    return Entry(source, executable, hashlib.sha256(content).hexdigest(), len(content))


def listing(tree: Tree) -> bytes:
    """Give a tree's canonical bytes: paths sorted, no times, no owners, so that equal content is equal."""
    lines = [[path, 0o755 if item.executable else 0o644, item.size, item.digest] for path, item in sorted(tree.items())]
    return json.dumps(lines, separators=(",", ":")).encode()


def materialise(tree: Tree, root: Path) -> None:
    """Write a tree below an empty directory. Compiled Python next to shared sources comes along unlisted."""
    made: set[Path] = set()
    for path, item in tree.items():
        target = root / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
            if item.shared:
                _link_compiled(item.source.parent / "__pycache__", target.parent / "__pycache__")
        _place(item, target)


def _place(item: Entry, target: Path) -> None:
    if item.shared and _linked(item.source, target):
        return
    shutil.copyfile(item.source, target)
    target.chmod(0o755 if item.executable else 0o644)
    os.utime(target, (FIXED_TIME, FIXED_TIME))


def _link_compiled(source: Path, target: Path) -> None:
    if not source.is_dir() or target.exists():
        return
    target.mkdir()
    for compiled in source.iterdir():
        _linked(compiled, target / compiled.name)


def _linked(source: Path, target: Path) -> bool:
    """Hard-link, or say no when the cache is on another disk."""
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True
