"""A step of set-up: skipped while its inputs are the same and its product stands, made anew otherwise."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class SetupError(Exception):
    """Set-up can't go on: args are what went wrong, and what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True)
class Step:
    """One thing that set-up makes. `make` may be called again after it was interrupted anywhere."""

    name: str
    stamp: Path
    inputs: str
    product: Path
    make: Callable[[], None]

    def done(self) -> bool:
        """Say whether the product stands and was made from these very inputs."""
        return self.product.exists() and self.stamp.is_file() and self.stamp.read_text() == self.inputs


def fingerprint(*parts: str | Path) -> str:
    """Sum up what a step is made from: texts as they are, files by content."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def run(steps: Iterable[Step], say: Callable[[str], None]) -> None:
    """Make what is not done, in order, telling each step's name and seconds, or that it is cached."""
    for step in steps:
        if step.done():
            say(f"  {step.name:<28} cached")
            continue
        say(f"  {step.name:<28} …")
        begun = time.monotonic()
        # Without its stamp an interrupted step is made again, so the stamp goes first and comes last.
        step.stamp.unlink(missing_ok=True)
        step.make()
        write(step.stamp, step.inputs)
        say(f"  {step.name:<28} {time.monotonic() - begun:.1f} s")


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Put a whole file in place at once: a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(path)


def link(path: Path, target: Path) -> None:
    """Point a symbolic link at a target in one move, whatever stood there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(path)


@contextmanager
def directory(target: Path, workshop: Path) -> Generator[Path]:
    """Give an empty directory in the workshop to fill; it takes the target's place if nothing was raised.

    Workshop and target must be on one filesystem. What a killed set-up left there is for `sweep`.
    """
    draft = workshop / target.name
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    yield draft
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(workshop / f"{target.name}.old")
    draft.rename(target)
    sweep(workshop)


def sweep(workshop: Path) -> None:
    """Remove unfinished work of a set-up that was killed; only for whoever holds the lock."""
    shutil.rmtree(workshop, ignore_errors=True)
