"""Since when something has differed: the first commit after the release that touched what proves it."""

import posixpath
from collections.abc import Iterable, Mapping

from dco.model.change import Change, Status


def ages(changes: Iterable[Change], touched: Mapping[str, str]) -> dict[str, str]:
    """Return for each component the time of the oldest commit that touched a path of its evidence; ISO 8601."""
    by_name: dict[str, list[str]] = {}
    for path in touched:
        by_name.setdefault(posixpath.basename(path), []).append(path)
    found: dict[str, str] = {}
    for change in changes:
        if change.status is Status.UNCHANGED:
            continue
        words = {word.strip(":,;()") for each in (*change.evidence, change.name) for word in each.split()}
        paths = [path for word in words for path in by_name.get(posixpath.basename(word), ()) if _names(word, path)]
        if paths:
            found[change.component] = min(touched[path] for path in paths)
    return found


def _names(word: str, path: str) -> bool:
    return path == word or path.endswith(f"/{word}")
