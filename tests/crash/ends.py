"""How a night ended, without what differs from night to night, so that equal nights have equal ends."""

import re
from collections import Counter
from dataclasses import asdict, dataclass
from difflib import unified_diff
from pprint import pformat
from typing import Any

from dco.model.release import Release


@dataclass
class End:
    """What a night left, with what differs from night to night taken out: equal for equal nights."""

    code: int
    story: list[tuple[str, str]]
    effects: dict[str, int]
    notices: Counter[str]
    serves: str
    record: dict[str, Any]
    left: list[str]


_CHANGING = (
    (re.compile(r"sha256:[0-9a-f]+"), "DIGEST"),
    (re.compile(r"\d{8}-\d{6}(-[a-z]+)?"), "NIGHT"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)"), "TIME"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22,27}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "HASH"),
    (re.compile(r"\b2\.\d+\.0\b"), "VERSION"),
    (re.compile(r"\b(30|60)\b"), "DAYS"),
    (re.compile(r"(credcoin-production-\w+):\d+"), r"\1:N"),
    (re.compile(r"\b\d+(\.\d+)? s\b"), "SECONDS"),
)


def plain(sentence: str) -> str:
    """Take out of a sentence's first line what differs from night to night."""
    line = sentence.splitlines()[0]
    for pattern, word in _CHANGING:
        line = pattern.sub(word, line)
    return line


def shape(release_: Release, night: str) -> dict[str, Any]:
    """Return a release record's content without what each release has of its own."""
    return {
        "by this night": release_.night == night,
        "applications": sorted(release_.applications),
        "families": sorted(f for a in release_.applications.values() for f in a.task_definitions),
        "stacks": {name: sorted(stack.data_sources) for name, stack in release_.stacks.items()},
        "databases": release_.databases,
        "workflows": release_.workflows,
    }


def difference(end: End, undisturbed: End) -> str:
    """Return where an end differs from an undisturbed one, as lines for a person."""
    before, after = (pformat(asdict(one), width=150).splitlines() for one in (undisturbed, end))
    return "\n".join(unified_diff(before, after, "undisturbed", "killed", n=1, lineterm=""))
