"""Rules for the repository host's workflows, as far as they apply Terraform or touch AWS."""

import re
from collections.abc import Iterator

from dco.model.remark import Remark
from dco.review.configuration import Files

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_TERRAFORM = r"(?:terraform|tofu)\b"
_KEYS = re.compile(r"(?i)(?:aws[_-]access[_-]key[_-]id|aws[_-]secret[_-]access[_-]key)['\"]?\s*[:=]\s*\S")
_APPLY = re.compile(rf"{_TERRAFORM}[^\n]*\bapply\b(?P<rest>[^\n]*)")
_LOCKS = re.compile(r"dco-lock|lock\.json|dco lock")


def workflows(files: Files) -> Iterator[Remark]:
    """Yield `static-keys`, `target-in-workflow`, `apply-without-plan` and `deploys-without-lock`, line by line."""
    for path, text in sorted(files.items()):
        lines = [_COMMENT.sub("", line) for line in text.splitlines()]
        joined = _joined(lines)
        for number, line in joined:
            place = f"{path}:{number}"
            yield from _of_line(place, line)
        applies = next((number for number, line in joined if _APPLY.search(line)), None)
        if applies is not None and not any(_LOCKS.search(line) for line in lines):
            what = "it applies Terraform beside dco's nights without taking their lock"
            remedy = "let its first step take the lock, as docs/deciding.md shows under Workflows that deploy"
            yield Remark(rule="deploys-without-lock", where=f"{path}:{applies}", what=what, remedy=remedy)


def _of_line(place: str, line: str) -> Iterator[Remark]:
    if _KEYS.search(line):
        what = "it holds a key of AWS that does not expire"
        yield Remark(rule="static-keys", where=place, what=what, remedy="take on a role with the host's OIDC token")
    if re.search(rf"{_TERRAFORM}.*\s-?-target\b", line):
        what = "it applies a part of the stack: what is left out stays unapplied, and nobody sees that"
        yield Remark(
            rule="target-in-workflow", where=place, what=what, remedy="apply whole stacks; split one too large"
        )
    applied = _APPLY.search(line)
    if applied and re.search(r"-auto-approve\b", line):
        what = "it applies what nobody has seen: what it plans now may be something else than what was looked at"
        yield Remark(rule="apply-without-plan", where=place, what=what, remedy="plan -out=FILE, look, apply FILE")


def _joined(lines: list[str]) -> list[tuple[int, str]]:
    """Return lines with their numbers; those that end in a backslash with what follows them."""
    found: list[tuple[int, str]] = []
    open_ = False
    for number, line in enumerate(lines, 1):
        bare = line.rstrip()
        if open_:
            first, before = found.pop()
            found.append((first, before.removesuffix("\\") + bare.strip()))
        else:
            found.append((number, bare))
        open_ = bare.endswith("\\")
    return found
