"""Whether two files that differ mean the same to what runs.

Only what is known to be read by meaning is compared so; everything else, and whatever does not parse, by its bytes.
"""

import hashlib
import posixpath
import re
from collections.abc import Callable, Mapping

from dco.detect.code import manifest, python
from dco.detect.dockerfile import instructions
from dco.detect.locks.resolved import is_lock, resolution
from dco.model.errors import ConfigurationError

_POINTER = re.compile(rb"version https?://[^\n]*git-lfs[^\n]*\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize \d+\s*")


def same(path: str, before: bytes, after: bytes) -> bool:
    """Tell whether two contents of a path mean the same."""
    if before == after or _stored(before) == _stored(after):
        return True
    meanings = [_meaning(path, content) for content in (before, after)]
    return meanings[0] is not None and meanings[0] == meanings[1]


def is_pointer(content: bytes) -> bool:
    """Tell whether a content only points to what Git LFS keeps."""
    return _POINTER.fullmatch(content) is not None


def _stored(content: bytes) -> str:
    """Return what identifies a content, which Git LFS may keep elsewhere."""
    pointer = _POINTER.fullmatch(content)
    return pointer[1].decode() if pointer else hashlib.sha256(content).hexdigest()


def _meaning(path: str, content: bytes) -> object:
    """Return what a file means; None where only its bytes tell."""
    reader = next((reader for kind, reader in _READERS.items() if kind.search(path)), None)
    try:
        if reader is not None:
            return reader(path, content)
        return resolution(path, content) if is_lock(path) else None
    except (ConfigurationError, ValueError, RecursionError):
        return None


def _script(path: str, content: bytes) -> object:
    from dco.detect.code import script  # noqa: PLC0415  # its parsers load only where scripts differ

    return script.meaning(content, posixpath.splitext(path)[1])


def _dockerfile(path: str, content: bytes) -> object:
    return [(each.name, each.arguments) for each in instructions(content.decode(), path)]


def _rules(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


_READERS: Mapping[re.Pattern[str], Callable[[str, bytes], object]] = {
    re.compile(r"\.py$"): lambda _, content: python.meaning(content),
    re.compile(r"\.(?:[mc]?[jt]s|[jt]sx)$"): _script,
    re.compile(r"(?:^|/)Dockerfile[^/]*$"): _dockerfile,
    re.compile(r"(?:^|/)\.(?:docker|git|npm)ignore$"): lambda _, content: _rules(content.decode()),
    re.compile(r"(?:^|/)package\.json$"): lambda _, content: manifest.package_json(content.decode()),
    re.compile(r"(?:^|/)pyproject\.toml$"): lambda _, content: manifest.pyproject(content.decode()),
}
