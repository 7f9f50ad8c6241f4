"""A build context: the files that `.dockerignore` leaves, and what a COPY takes of files."""

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dco_sandbox.images import ignore
from dco_sandbox.images.dockerfile import Instruction
from dco_sandbox.images.tree import Entry, Tree, entry


@dataclass(frozen=True)
class Context:
    """The files of a context by their path; they are read only when a COPY takes them."""

    files: Tree

    @classmethod
    def read(cls, root: Path, dockerfile: Path) -> "Context":
        """List a directory, less what `<Dockerfile>.dockerignore` or else `.dockerignore` leaves out."""
        own = dockerfile.with_name(dockerfile.name + ".dockerignore")
        rules_file = own if own.is_file() else root / ".dockerignore"
        rules = ignore.parse(rules_file.read_text().splitlines()) if rules_file.is_file() else ()
        paths = (path for path in _walk(root) if not ignore.ignored(path, rules))
        return cls({path: Entry(root / path, executable=False, digest="", size=0) for path in paths})

    def read_in(self, chosen: Tree, instruction: Instruction) -> Tree:
        """Read what a COPY took; a symbolic link is refused by name."""
        for item in chosen.values():
            if item.source.is_symlink():
                raise instruction.refuse(f"COPY of the symbolic link {item.source.name} isn't built")
        return {path: entry(item.source) for path, item in chosen.items()}


def resolve(directory: str, path: str) -> str:
    """Give a path in an image without its leading slash; `..` never leads out."""
    return posixpath.normpath(posixpath.join("/", directory, path)).lstrip("/")


def select(files: Tree, sources: Sequence[str], directory: str, destination: str, instruction: Instruction) -> Tree:
    """Say which files a COPY puts where: a directory gives its content, several sources want a `DIR/`."""
    into = destination.endswith(("/", "/.")) or destination == "."
    root = resolve(directory, destination)
    taken = [(source, _matches(files, source)) for source in sources]
    several = len(sources) > 1 or any(len(found) > 1 and not _is_plain(source) for source, found in taken)
    if several and not into:
        raise instruction.refuse(f"COPY of several sources: the destination {destination} must end with /")
    copied: dict[str, Entry] = {}
    for source, found in taken:
        if not found:
            raise instruction.refuse(f"COPY: {source} is not there, or .dockerignore leaves it out")
        for match, below in found:
            copied.update(_placed(files, match, below, root, into=into))
    return copied


def _placed(files: Tree, match: str, below: Sequence[str], root: str, *, into: bool) -> Mapping[str, Entry]:
    if below:
        start = len(match) + 1 if match else 0
        return {posixpath.join(root, path[start:]): files[path] for path in below}
    name = posixpath.join(root, posixpath.basename(match)) if into else root
    return {name: files[match]}


def _matches(files: Tree, source: str) -> list[tuple[str, list[str]]]:
    """Find files (nothing below) and directories (with what is below) that a source names."""
    wanted = resolve("/", source)
    if not wanted:
        return [("", sorted(files))]
    pattern = ignore.matcher(wanted)
    found: dict[str, list[str]] = {}
    for path in sorted(files):
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            head = "/".join(parts[:depth])
            if head == wanted or pattern.fullmatch(head):
                found.setdefault(head, []).extend([path] if depth < len(parts) else [])
                break
    return list(found.items())


def _is_plain(source: str) -> bool:
    return not any(sign in source for sign in "*?[")


def _walk(root: Path) -> Iterator[str]:
    for directory, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in [*names, *(folder for folder in folders if (Path(directory) / folder).is_symlink())]:
            yield (Path(directory) / name).relative_to(root).as_posix()
