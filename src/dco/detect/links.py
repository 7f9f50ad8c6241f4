"""A revision's files with symbolic links followed, as Terraform reads them."""

import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from dco.seams.source import Source, SourceFile

_LINK = "120000"
_DEEPEST = 10


class Followed:
    """A `Source` in which a link is what it points to: a file, or every file of a directory. Others stay links."""

    def __init__(self, source: Source) -> None:
        """Follow the links of another source."""
        self._source = source
        self._real: dict[str, dict[str, SourceFile]] = {}
        """Revision → path as seen → the file that is there."""

    def head(self) -> str:
        """See `Source.head`."""
        return self._source.head()

    def author(self, revision: str) -> str:
        """See `Source.author`."""
        return self._source.author(revision)

    def resolve(self, name: str) -> str:
        """See `Source.resolve`."""
        return self._source.resolve(name)

    def trouble(self, released: str | None) -> tuple[str, ...]:
        """See `Source.trouble`."""
        return self._source.trouble(released)

    def touched(self, before: str, after: str) -> Mapping[str, str]:
        """See `Source.touched`."""
        return self._source.touched(before, after)

    def files(self, revision: str) -> tuple[SourceFile, ...]:
        """See `Source.files`; a link's file has the link's path."""
        plain = self._source.files(revision)
        if not any(file.mode == _LINK for file in plain):
            return plain
        found = self._seen(revision, plain)
        return tuple(msgspec.structs.replace(found[path], path=path) for path in sorted(found))

    def read(self, revision: str, path: str) -> bytes:
        """See `Source.read`."""
        return self.read_many(revision, (path,))[path]

    def read_many(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See `Source.read_many`."""
        seen = self._seen(revision, self._source.files(revision))
        real = {path: seen[path].path if path in seen else path for path in paths}
        contents = self._source.read_many(revision, real.values())
        return {path: contents[there] for path, there in real.items()}

    def export(self, revision: str, directory: Path) -> None:
        """See `Source.export`."""
        self._source.export(revision, directory)

    def _seen(self, revision: str, plain: Iterable[SourceFile]) -> dict[str, SourceFile]:
        if revision not in self._real:
            found = {file.path: file for file in plain}
            links = [path for path, file in found.items() if file.mode == _LINK]
            targets = self._source.read_many(revision, links)
            for _ in range(_DEEPEST if links else 0):
                if not self._follow(found, targets):
                    break
            self._real[revision] = found
        return self._real[revision]

    @staticmethod
    def _follow(found: dict[str, SourceFile], targets: Mapping[str, bytes]) -> bool:
        """Replace links by what they point to, once; tell whether anything was found."""
        moved = False
        for path, file in [(path, file) for path, file in found.items() if file.mode == _LINK]:
            there = target(file.path, targets.get(file.path, b""))
            if there in found and found[there].mode != _LINK:
                found[path], moved = found[there], True
                continue
            below = [each for each in found if each.startswith(f"{there}/") and not path.startswith(f"{there}/")]
            if below:
                del found[path]
                found |= {path + each[len(there) :]: found[each] for each in below}
                moved = True
        return moved


def target(path: str, content: bytes) -> str:
    """Return where a link points to, from the repository's root."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), content.decode(errors="surrogateescape")))
