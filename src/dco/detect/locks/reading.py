"""Which reader reads which lock file, by its name."""

import posixpath

from dco.detect.locks import npm, pylock, requirements, uv
from dco.detect.locks.locked import Locked, refuse, refuse_conflict


def read(path: str, content: bytes) -> tuple[Locked, ...]:
    """Return what a lock file locks, of that what ships, sorted. Raises `ConfigurationError` with file and line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(path, content.count(b"\n", 0, error.start) + 1, "it is not UTF-8") from None
    refuse_conflict(path, text)
    name = posixpath.basename(path)
    if name.endswith(".json"):
        return npm.read(path, text)
    if name == "uv.lock":
        return uv.read(path, text)
    if name.startswith("pylock.") and name.endswith(".toml"):
        return pylock.read(path, text)
    if name.endswith((".txt", ".lock", ".in")):
        return requirements.read(path, text)
    raise refuse(path, 1, "this kind of lock file is not known here (npm's, requirements, uv.lock or pylock.toml)")
