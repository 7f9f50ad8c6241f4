"""`.dockerignore`, by Docker's rules: patterns count from the context's root, `!` takes back, the last match wins.

Unlike in `.gitignore`, a pattern without a slash matches at the root only, and what is below an excluded directory
may be taken back by a later `!`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Rule:
    """One line of a `.dockerignore`."""

    pattern: re.Pattern[str]
    takes_back: bool


def parse(lines: Iterable[str]) -> tuple[Rule, ...]:
    """Read the rules; comments and empty lines are none."""
    rules: list[Rule] = []
    for line in lines:
        text = "" if line.startswith("#") else line.strip()
        takes_back = text.startswith("!")
        path = PurePosixPath("/" + text.removeprefix("!").strip()).as_posix().strip("/")
        if path:
            rules.append(Rule(matcher(path), takes_back))
    return tuple(rules)


def ignored(path: str, rules: Sequence[Rule]) -> bool:
    """Say whether a file of the context, by its path from the root, stays out of it."""
    ways = [path, *(parent.as_posix() for parent in PurePosixPath(path).parents if parent.name)]
    verdict = False
    for rule in rules:
        if any(rule.pattern.fullmatch(way) for way in ways):
            verdict = not rule.takes_back
    return verdict


def matcher(pattern: str) -> re.Pattern[str]:
    """Translate Go's `filepath.Match` with Docker's `**` (any number of directories) to a regular expression."""
    return re.compile("".join(_translated(pattern)), re.DOTALL)


_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[\^?[^\]]+\]|\\.|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _translated(pattern: str) -> Iterable[str]:
    for token in _TOKEN.findall(pattern):
        if token in _WILD:
            yield _WILD[token]
        elif len(token) > 1 and token.startswith("["):
            yield token
        else:
            yield re.escape(token.removeprefix("\\") or token)
