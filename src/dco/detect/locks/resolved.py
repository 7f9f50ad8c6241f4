"""What a lock file resolves to, of that what ships: two locks that install the same are the same."""

import posixpath
import re
import tomllib
from typing import Any

from dco.detect.locks import npm
from dco.detect.locks.locked import Locked
from dco.detect.locks.reading import read
from dco.model.canonical import fingerprint

_NAME = re.compile(
    r"(?:package-lock|npm-shrinkwrap)\.json|uv\.lock|pylock(?:\.[\w-]+)?\.toml|[\w.-]*requirements[\w.-]*\.(?:txt|lock)"
    r"|constraints[\w.-]*\.txt"
)
_HASH = re.compile(r"\bsha(?:256|384|512)[:-][0-9A-Za-z+/=]+")
_OPTION = re.compile(r"^\s*-(?!-hash)[\w-]+.*", re.MULTILINE)


def is_lock(path: str) -> bool:
    """Tell by its name whether a reader knows this kind of lock file."""
    return _NAME.fullmatch(posixpath.basename(path)) is not None


def resolution(path: str, content: bytes) -> str:
    """Return the fingerprint of what a lock installs. Raises `ConfigurationError` with file and line."""
    name, text = posixpath.basename(path), content.decode("utf-8-sig", errors="replace")
    locked = read(path, content)
    if name.endswith(".json"):
        return fingerprint(npm.placed(path, text))
    proofs = _proofs_of_tables(text, locked) if name.endswith(".toml") or name == "uv.lock" else _proofs_of_lines(text)
    elsewhere = any(one.trouble for one in locked)
    return fingerprint((locked, proofs, text if elsewhere else ""))


def _proofs_of_tables(text: str, locked: tuple[Locked, ...]) -> list[str]:
    """Return the hashes of what ships."""
    lock, wanted = tomllib.loads(text), {(one.name, one.version) for one in locked}
    packages: list[dict[str, Any]] = [*lock.get("package", []), *lock.get("packages", [])]
    shipped = (one for one in packages if (one.get("name"), str(one.get("version", ""))) in wanted)
    return sorted(proof for one in shipped for proof in set(_HASH.findall(repr(one))))


def _proofs_of_lines(text: str) -> list[str]:
    """Return a requirements file's hashes, and its options: which index it asks is one."""
    return [*sorted(_HASH.findall(text)), *(found.strip() for found in _OPTION.findall(text))]
