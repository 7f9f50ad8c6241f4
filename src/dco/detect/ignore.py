"""`.dockerignore`, by Docker's rules.

Patterns count from the context's root; a later rule wins; `!` takes back, also below a directory that is left out.
"""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[\^?[^\]]+\]|\\.|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class Ignored:
    """Tells which paths of a context stay out of it."""

    def __init__(self, text: str) -> None:
        """Read a `.dockerignore`; comments and empty lines are no rules."""
        lines = (line.strip() for line in text.splitlines() if not line.startswith("#"))
        self._rules = [(pattern(_clean(line.removeprefix("!"))), line.startswith("!")) for line in lines if line]

    def __call__(self, path: str) -> bool:
        """Tell whether a path from the context's root stays out."""
        ways = with_parents(path)
        verdict = False
        for rule, takes_back in self._rules:
            if any(rule.fullmatch(way) for way in ways):
                verdict = not takes_back
        return verdict


def with_parents(path: str) -> tuple[str, ...]:
    """Return a path and the directories it is in, without the root."""
    return (path, *(str(parent) for parent in PurePosixPath(path).parents if parent.name))


def pattern(text: str) -> re.Pattern[str]:
    """Return Go's `filepath.Match` with Docker's `**` (any number of directories) as a regular expression."""
    return re.compile("".join(_translated(text)), re.DOTALL)


def _translated(text: str) -> Iterable[str]:
    for token in _TOKEN.findall(text):
        if token in _WILD:
            yield _WILD[token]
        elif len(token) > 1 and token.startswith("["):
            yield token
        else:
            yield re.escape(token.removeprefix("\\") or token)


def _clean(text: str) -> str:
    return PurePosixPath("/" + text.strip()).as_posix().strip("/")
