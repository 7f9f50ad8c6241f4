"""What a directory holds that a dco.toml could name."""

import os
import re
from pathlib import Path

from dco.model.survey import Checkout

_ROOT = re.compile(r'^\s*(?:backend\s+"\w+"|provider\s+"\w+"|cloud)\s*\{', re.MULTILINE)
_LEFT_OUT = {".git", ".terraform", ".venv", "node_modules", ".dco", "__pycache__"}
_DEEPEST = 4
_REVIEWED = (
    ".tf", ".tf.json", ".tfvars", ".tfvars.json", ".tfbackend", ".terraform.lock.hcl", ".yml", ".yaml",
)  # fmt: skip


def survey(directory: Path) -> Checkout:
    """Look through a directory for images, Terraform roots and workflows."""
    places = _places(directory)
    stacks = [place for place in places if _is_root(place)]
    names = {place: place.relative_to(directory).as_posix() for place in stacks}
    workflows = directory / ".github/workflows"
    return Checkout(
        name=directory.name,
        dockerfiles=tuple(
            path.relative_to(directory).as_posix() for place in places for path in sorted(place.glob("Dockerfile*"))
        ),
        stacks=tuple(names.values()),
        var_files={names[place]: _matching(place, "*.tfvars") for place in stacks},
        backends={names[place]: _matching(place, "*.tfbackend") for place in stacks},
        workflows=".github/workflows" if workflows.is_dir() else None,
    )


def _places(directory: Path) -> list[Path]:
    """Return the directory and those below it, the nearest first; no tool's own."""
    found: list[Path] = []
    for path, below, _ in os.walk(directory):
        place = Path(path)
        deep = len(place.relative_to(directory).parts)
        below[:] = sorted(name for name in below if name not in _LEFT_OUT) if deep < _DEEPEST else []
        found.append(place)
    return sorted(found, key=lambda place: (len(place.parts), place))


def _is_root(place: Path) -> bool:
    return any(_ROOT.search(file.read_text(encoding="utf-8", errors="replace")) for file in place.glob("*.tf"))


def _matching(place: Path, pattern: str) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in place.glob(pattern)))


def texts(directory: Path) -> dict[str, str]:
    """Return what a review of Terraform reads, by path: configuration, variables, backends, lock files, workflows."""
    found: dict[str, str] = {}
    for place in _places(directory):
        for path in sorted(place.iterdir()):
            if path.name.endswith(_REVIEWED) and path.is_file():
                found[path.relative_to(directory).as_posix()] = path.read_text(encoding="utf-8", errors="replace")
    return found
