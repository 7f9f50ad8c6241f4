"""The repository that is deployed (git)."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a revision."""

    path: str
    """Slash-separated, relative to the repository's root."""
    blob: str
    """What git calls its content; equal content, equal blob."""
    mode: str
    """`100644`, `100755`, `120000` (link) or `160000` (submodule)."""


class Source(Protocol):
    """Revisions and their files. A revision is a full commit hash."""

    def head(self) -> str:
        """Return the commit that is checked out. `ConfigurationError` outside of a repository or before a commit."""
        ...

    def author(self, revision: str) -> str:
        """Return who committed a revision, as `Name <address>`."""
        ...

    def resolve(self, name: str) -> str:
        """Return the commit of a branch, tag or abbreviated hash. Raises `ConfigurationError` when there is none."""
        ...

    def trouble(self, released: str | None) -> tuple[str, ...]:
        """Say in sentences with a remedy what is wrong with the checkout: dirty, shallow, or without that commit."""
        ...

    def touched(self, before: str, after: str) -> Mapping[str, str]:
        """Return each path that commits after `before` and up to `after` touched, with the oldest's time, ISO 8601.

        It tells how old something is and decides nothing, so what can't be told is left out.
        """
        ...

    def files(self, revision: str) -> tuple[SourceFile, ...]:
        """Return all files of a revision, sorted by path."""
        ...

    def read(self, revision: str, path: str) -> bytes:
        """Return a file's content. Raises `ConfigurationError` when the revision has no such file."""
        ...

    def read_many(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the content of several files by their path, as cheaply as one. Raises as `read` does."""
        ...

    def export(self, revision: str, directory: Path) -> None:
        """Write a revision's files below a directory; it holds exactly them afterwards, also when called twice."""
        ...
