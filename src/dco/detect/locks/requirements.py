"""Requirements files of pip, with or without hashes. Each line is read by `packaging`; only joining them is ours."""

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from dco.detect.locks.locked import Locked, refuse
from dco.detect.locks.markers import ships
from dco.seams.catalogue import Kind

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPTION = re.compile(r"\s--?\w")
_FILES = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:\s|=|$)")
_PATH = re.compile(r"(?:-e|--editable)(?:\s|=)|\.{0,2}/|\.$|(?:git|file|https?)[+:]")


def read(path: str, text: str) -> tuple[Locked, ...]:
    """Return what a requirements file pins. Raises `ConfigurationError` with file and line."""
    found = {locked for line, words in _logical(text) if (locked := _one(path, line, words)) is not None}
    return tuple(sorted(found))


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines as pip joins them: a backslash at the end goes on, a comment ends a line."""
    begun, joined = 0, ""
    for number, raw in enumerate(text.splitlines(), start=1):
        begun = begun or number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            joined += raw[:-1] + " "
            continue
        words = _COMMENT.sub("", joined + raw).strip()
        if words:
            yield begun, words
        begun, joined = 0, ""
    if joined.strip():
        yield begun, joined.strip()


def _one(path: str, line: int, words: str) -> Locked | None:
    if _FILES.match(words):
        raise refuse(path, line, "it takes in another file, which is not read: lock everything in one file")
    if _PATH.match(words):
        return Locked(Kind.PYPI, f"line {line}", "", "it does not come from a registry")
    if words.startswith("-"):
        return None
    written = _OPTION.split(words, maxsplit=1)[0].strip()
    try:
        wanted = Requirement(written)
    except InvalidRequirement as error:
        raise refuse(path, line, f"no requirement: {str(error).splitlines()[0]}") from None
    if not ships(wanted.marker):
        return None
    name = canonicalize_name(wanted.name)
    if wanted.url:
        return Locked(Kind.PYPI, name, "", "it does not come from a registry")
    pins = [one.version for one in wanted.specifier if one.operator in {"==", "==="} and not one.version.endswith("*")]
    if len(pins) != 1:
        return Locked(Kind.PYPI, name, "", f"line {line} does not pin it to one version")
    return Locked(Kind.PYPI, name, pins[0])
