"""What `count` and `for_each` that differ do to a resource that holds data, also those of the modules around it."""

import re
from collections.abc import Iterator

from dco.detect.hcl.syntax import Block, Expression
from dco.detect.stack_tree import ALL, Module, Tree
from dco.model.change import Action

_NUMBER = re.compile(r"\d+")
_KEYS = re.compile(r'"((?:[^"\\$%]|\\.)*)"|(?<![\w.])([A-Za-z_][\w-]*)\s*[=:]')
_PLAIN = re.compile(r"(?:toset\(\s*)?[\[{][^$]*[\]}]\s*\)?")  # fmt: skip
Pair = tuple[Module, Block]


def repeated(
    address: str, old: Tree, new: Tree, before: Pair, after: Pair, *, moved: bool
) -> Iterator[tuple[Action, str]]:
    """Yield what becomes of an address; `moved` says that a `moved` block speaks of it."""
    levels = [(before, after)]
    inner = (before[0], after[0])
    while inner[0].call and inner[1].call and inner[0].parent and inner[1].parent:
        levels.append(((inner[0].parent, inner[0].call), (inner[1].parent, inner[1].call)))
        inner = (inner[0].parent, inner[1].parent)
    for one, other in levels:
        sides = [_repetition(tree, pair) for tree, pair in ((old, one), (new, other))]
        if sides[0][:2] != sides[1][:2] or sides[0][2] != sides[1][2]:
            action, why = _judged(sides[0], sides[1], moved=moved)
            if action is not Action.NONE:
                yield action, f"{address} holds data, and {why}"


def _repetition(tree: Tree, pair: Pair) -> tuple[str, str, str]:
    """Return how something is repeated, by what text, and all that it comes from."""
    module, block = pair
    for kind in ("count", "for_each"):
        found: Expression | None = block.attributes.get(kind)
        if found is not None:
            return kind, found.text.strip(), tree.depth(module, found, ALL)
    return "", "", ""


def _judged(before: tuple[str, str, str], after: tuple[str, str, str], *, moved: bool) -> tuple[Action, str]:
    if before[0] == after[0] == "for_each":
        return _keys(before[1], after[1])
    if before[0] in {"", "count"} and after[0] in {"", "count"}:
        return _numbers(before[1] if before[0] else "1", after[1] if after[0] else "1")
    what = f"its repetition differs ({_said(before)} → {_said(after)})"
    if moved:
        return Action.APPROVE, f"{what}: see whether its key is moved"
    return Action.BLOCK, f"{what}: it would be destroyed and made anew; add a moved block that names the key"


def _numbers(before: str, after: str) -> tuple[Action, str]:
    """Judge another count; Terraform itself moves what had none to number 0, and back."""
    if not (_NUMBER.fullmatch(before) and _NUMBER.fullmatch(after)):
        return Action.APPROVE, f"how many of it there are differs ({before} → {after})"
    if int(after) < int(before):
        return Action.BLOCK, f"there would be {after} of it instead of {before}: the others are destroyed"
    return Action.NONE, ""


def _keys(before: str, after: str) -> tuple[Action, str]:
    if _PLAIN.fullmatch(before) and _PLAIN.fullmatch(after):
        old, new = ({a or b for a, b in _KEYS.findall(text)} for text in (before, after))
        lost = sorted(old - new)
        if lost:
            return Action.BLOCK, f"{', '.join(lost)} would be destroyed: for_each names it no more"
        return Action.NONE, ""
    return Action.APPROVE, "what for_each runs over differs"


def _said(side: tuple[str, str, str]) -> str:
    return f"{side[0]} = {side[1]}" if side[0] else "none"
